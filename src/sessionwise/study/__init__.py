"""The run file of a study, and the record of what each notebook found."""
