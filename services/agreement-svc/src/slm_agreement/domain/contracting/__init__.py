"""The conclusion of an agreement: the steps of the negotiation, and the signatures under mandates.

This package is the top of the domain. It must not know how a document is read, only how a document is checked and
hashed.
"""
