"""Evaluation of rolling windows: the figure at each minute, the runs of missed minutes, and their breaches.

There is one module for each kind of figure, which gives the values by minute; ``rolling_target`` evaluates all kinds in
the same way. This package must not know whether calendar windows are open or closed: it uses only the arithmetic of
``windows``.
"""
