"""Migrations of the database of report-svc."""
