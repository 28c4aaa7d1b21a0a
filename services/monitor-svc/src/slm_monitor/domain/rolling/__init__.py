"""Evaluation of rolling windows: the figure at each minute, the runs of minutes below the objective, their breaches.

One module for each kind of figure gives the values by the minute; ``rolling_target`` judges them, whatever they are.
This package must not know calendar windows that are open or closed: it shares only their arithmetic.
"""
