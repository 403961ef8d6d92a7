"""How a simulated clinic is drawn: people, their sessions, their forms, the rows of the records."""
