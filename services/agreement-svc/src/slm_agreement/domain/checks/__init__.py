"""The SMART check: what is wrong, doubtful or empty in a document that could be read.

This package must not change anything, and does not know who asks.
"""
