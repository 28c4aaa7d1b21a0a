"""Alembic migrations of monitor-svc's database."""
