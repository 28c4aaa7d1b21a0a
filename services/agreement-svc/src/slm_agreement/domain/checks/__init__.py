"""The SMART check: it finds errors, doubtful values and gaps in a document that has a valid form.

This package must not change anything, and does not know who asks for the check.
"""
