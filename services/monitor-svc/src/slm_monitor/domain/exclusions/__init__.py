"""Exclusions: time that one party asks not to count, from the request to its approval, rejection or revocation.

Here is who may decide, and how much of planned maintenance its notice and its cap allow. This package must not know
any figure: the evaluation subtracts the time, and these rules do not see what it changes.
"""
