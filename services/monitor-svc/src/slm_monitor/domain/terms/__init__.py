"""The terms of an agreement as the evaluators read them: targets, objectives, clocks, warnings, and their versions.

Terms are parsed once from a finalized agreement. This package must not know any measured fact or result: it says what
was agreed, not what happened. It knows the form of a ticket event and of a subject, but no other facts.
"""
