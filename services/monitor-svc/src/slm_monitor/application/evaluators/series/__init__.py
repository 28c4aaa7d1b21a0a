"""Evaluator of targets whose indicator is measured in rows: counts, values, histograms and ratings, summed by the
minute.

This package must not know targets of states, of tickets, or derived from other targets.
"""
