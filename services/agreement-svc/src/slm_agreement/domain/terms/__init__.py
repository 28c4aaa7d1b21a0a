"""The terms of one target as a document writes them: indicator, objective, window, clock, warnings, maintenance.

Each module reads its fields, reports wrong values with a remedy, and adds defaults. This package must not know the rest
of the document, nor versions, signatures or states.
"""
