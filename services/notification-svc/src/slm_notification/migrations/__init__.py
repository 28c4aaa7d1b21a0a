"""Migrations of the database of notification-svc."""
