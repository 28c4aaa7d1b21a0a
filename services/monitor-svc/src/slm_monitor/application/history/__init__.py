"""Reading of the record of facts: what is known of one window or ticket, now or as of an earlier instant.

This package must not know the evaluators' memory: an answer about the past depends on the record alone.
"""
