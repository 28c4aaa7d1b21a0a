"""Facts: measurements and ticket events as producers sent them, each with its identity, instant and revision.

The package holds their shapes, their order, and the arithmetic on single values (counters, histograms, ratios,
ratings). It is the bottom of the domain. It must not know agreements: no terms, objectives or windows.
"""
