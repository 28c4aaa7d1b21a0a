"""Agreed against actual against baseline."""
