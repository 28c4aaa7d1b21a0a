"""Routes that try terms before anybody agrees to them: previews and back-tests.

This package must not change a result.
"""
