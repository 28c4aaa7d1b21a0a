"""The document of a revision. Modules here read and complete it, hash it, and compare two documents; they also define
its clauses and the templates.

This package must not know who may change a document, nor what state an agreement is in.
"""
