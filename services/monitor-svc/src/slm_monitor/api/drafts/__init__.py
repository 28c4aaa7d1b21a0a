"""Routes that evaluate draft terms before they are agreed: previews and back-tests.

This package must not change a result.
"""
