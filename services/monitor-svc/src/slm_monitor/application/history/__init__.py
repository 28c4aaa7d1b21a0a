"""Reading of the record of facts: what is known of one window or ticket, now or as of an earlier instant.

This package must not know the evaluators' memory, because an answer about the past must depend on the record alone.
"""
