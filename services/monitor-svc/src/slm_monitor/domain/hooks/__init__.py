"""Hooks: addresses that other tools call, and how a caller proves that it is the tool.

The package must not know how a payload becomes facts.
"""
