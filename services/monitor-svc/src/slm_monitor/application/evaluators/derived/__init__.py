"""Evaluator of targets that are derived from others: composites, and the compliance of tickets.

Their members may live in any partition, so it evaluates only up to the instant that all partitions have reached.
This package must not read facts of measured rows: it takes the figures and verdicts of its members as published.
"""
