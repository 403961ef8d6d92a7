"""What can be made of the records, and when each of it is known."""
