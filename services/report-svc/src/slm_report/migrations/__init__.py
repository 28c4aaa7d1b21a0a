"""Steps that bring the database of report-svc to its newest form."""
