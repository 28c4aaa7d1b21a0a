"""The document of a revision: read as a whole and completed, its clauses and templates, its hash and differences.

This package must not know who may change a document, nor what state an agreement is in.
"""
