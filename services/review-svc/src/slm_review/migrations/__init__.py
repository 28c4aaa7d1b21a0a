"""Migrations of the database of review-svc."""
