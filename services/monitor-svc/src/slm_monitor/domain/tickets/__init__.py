"""Evaluation of one ticket: its clocks compared with what was published of them, and the events that follow.

Here are also the warnings and escalations of a clock, and the events that a snapshot of a ticket stands for.
This package must not know windows or figures: the share of tickets that were kept is a target of its own.
"""
