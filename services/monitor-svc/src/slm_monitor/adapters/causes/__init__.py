"""Causes in PostgreSQL: findings, views, the worker that groups findings into causes, queries, and steps taken on all
breaches of a cause at once.

This package must not know how a bad interval comes about, nor what makes two findings share a cause.
"""
