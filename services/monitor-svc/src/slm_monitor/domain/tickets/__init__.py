"""Evaluation of one ticket: its clocks are compared with their published states, and each difference becomes an event.

The package also builds the warnings and escalations of a clock, and the events that a snapshot of a ticket implies. It
must not know windows or figures: the share of tickets that met their target is evaluated by another target.
"""
