"""Hooks: addresses that other tools call, and how a caller proves to be the tool.

The package must not know how payloads are mapped, nor the facts that come of them.
"""
