"""Routes for hooks. A party makes and changes its hooks, and its tools call them.

This package must not map payloads by itself.
"""
