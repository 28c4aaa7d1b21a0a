"""The document of a revision: it is read and completed as a whole, with its clauses, templates, hash and differences.

This package must not know who may change a document, nor what state an agreement is in.
"""
