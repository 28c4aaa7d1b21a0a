"""Versions of an agreement: their revisions and states, their term and its end, and what they say to other services.

This package must not decide who may move a version: negotiation and signing do.
"""
