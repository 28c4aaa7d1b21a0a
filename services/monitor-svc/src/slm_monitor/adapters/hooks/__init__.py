"""Hooks in PostgreSQL. The package must not know what a payload means: it stores mappings and payloads as texts."""
