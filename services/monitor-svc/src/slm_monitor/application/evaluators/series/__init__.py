"""Evaluator of targets whose indicator is measured in rows: counts, values, histograms and ratings, summed by the
minute.

This package must not know other kinds of targets: targets of states, targets of tickets, derived targets.
"""
