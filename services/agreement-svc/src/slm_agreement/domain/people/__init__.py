"""The actors: parties and their relations, people with their mandates, principals with roles and keys, invitations.

This package must not know agreements: it says who somebody is and what they may do, not what was agreed.
"""
