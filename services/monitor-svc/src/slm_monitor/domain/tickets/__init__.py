"""Evaluation of one ticket: its clocks are compared with what was published of them, and each difference is an event.

Here are also the warnings and escalations of a clock, and the events that a snapshot of a ticket implies. This package
must not know windows or figures: the share of tickets that met their target is a target of its own.
"""
