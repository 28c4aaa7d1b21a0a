"""The read side: rows as documents for the API, filtered by the caller's party, page by page.

This package must not write.
"""
