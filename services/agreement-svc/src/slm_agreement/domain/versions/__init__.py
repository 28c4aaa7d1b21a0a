"""Versions of an agreement: their revisions and states, their term and its end, and their events for other services.

This package must not decide who may move a version: negotiation and signing do.
"""
