"""Causes in PostgreSQL: findings, views, the worker that groups findings into causes, queries, and steps taken on all
breaches of a cause at once.

This package must not know how a bad interval is found, nor by which rule two findings share a cause.
"""
