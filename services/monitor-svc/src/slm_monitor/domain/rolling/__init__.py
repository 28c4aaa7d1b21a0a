"""Evaluation of rolling windows: the figure at each minute, the runs of missed minutes, and their breaches.

There is one module for each kind of figure, which gives the values by minute; ``rolling_target`` evaluates all kinds in
the same way. This package must not know calendar windows that are open or closed: of ``windows`` it uses only the
arithmetic.
"""
