"""The SMART check: what is wrong, doubtful or empty in a document that has been read without an error.

This package must not change anything, and does not know who asks.
"""
