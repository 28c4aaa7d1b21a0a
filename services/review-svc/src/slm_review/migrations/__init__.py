"""The database's history, one alembic revision a step."""
