"""Evaluator of targets of an indicator's states: availability, outages and recoveries.

This package must not know other kinds of targets: targets of measured rows, targets of tickets, derived targets.
"""
