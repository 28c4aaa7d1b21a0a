"""Draft terms: previews over facts in the request, and back-tests over the stored record.

This package must not publish an event or change a result; nothing that it computes is kept but a back-test's answer.
"""
