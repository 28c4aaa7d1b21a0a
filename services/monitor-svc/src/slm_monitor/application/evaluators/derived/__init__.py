"""Evaluator of targets that are derived from others: composites, and the compliance of tickets.

Their members may lie in any partition, so derived targets are evaluated only up to the global watermark. This package
must not read facts of measured rows: it takes the figures and verdicts of its members as published.
"""
