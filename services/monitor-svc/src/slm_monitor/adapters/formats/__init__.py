"""Formats of the intake: REST bodies, OTLP, records of the log, and columns of values as bytes.

This package must not know the database.
"""
