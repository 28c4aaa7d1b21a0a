"""Facts: measurements and ticket events as producers sent them, each with its identity, instant and revision.

Here are their shapes, their order, and the arithmetic on single values (counters, histograms, ratios, ratings).
This package must not know agreements: no terms, objectives or windows. It is the bottom of the domain.
"""
