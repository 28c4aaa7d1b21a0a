"""The schema of the agreement database, step by step."""
