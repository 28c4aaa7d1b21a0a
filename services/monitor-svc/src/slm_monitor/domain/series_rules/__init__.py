"""Rules by which time series become measurements: selectors, regular expressions, and what a sample says."""
