"""The SMART check: the errors, doubtful values and gaps in a document that could be read.

This package must not change anything, and does not know who asks for the check.
"""
