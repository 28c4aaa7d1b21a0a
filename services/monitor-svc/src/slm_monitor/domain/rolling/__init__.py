"""Evaluation of rolling windows: the figure at each minute, the runs of missed minutes, and their breaches.

One module for each kind of figure gives the values by the minute; ``rolling_target`` evaluates all kinds alike. This
package must not know calendar windows that are open or closed: it shares only their arithmetic.
"""
