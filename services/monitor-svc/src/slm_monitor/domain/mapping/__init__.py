"""Rules by which time series become measurements: selectors, regular expressions, and the meaning of samples.

The package must not know how series are encoded, nor how measurements are judged.
"""
