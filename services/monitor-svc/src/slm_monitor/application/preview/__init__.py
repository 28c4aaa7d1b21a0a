"""Draft terms: previews over facts in the request, and back-tests over the stored record.

This package must not publish an event or change a result; it stores nothing except the results of back-tests.
"""
