"""Registration on the form: which printed cell is which field, and who reports on which year."""
