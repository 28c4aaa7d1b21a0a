"""Rules by which time series become measurements: selectors, regular expressions, and what a sample says.

The package must not know how series are encoded, nor how measurements are judged.
"""
