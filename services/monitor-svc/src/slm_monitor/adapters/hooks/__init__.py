"""Hooks in PostgreSQL. A hook is an address of a party that a tool calls.

The package must not know what a payload means: it stores mappings and payloads as texts.
"""
