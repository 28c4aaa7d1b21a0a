"""Evaluator of targets of an indicator's states: availability, outages and recoveries.

This package must not know targets of measured rows, of tickets, or derived from other targets.
"""
