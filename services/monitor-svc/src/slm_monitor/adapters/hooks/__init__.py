"""Hooks in PostgreSQL. A hook is a web address that a party gives to a tool, so that the tool sends its data there.

The package must not know what a payload means: it stores mappings and payloads as texts.
"""
