"""Routes by which data comes in, and what becomes of it: indicators, measurements, tickets, imports, quarantine.

This package must not know targets or results.
"""
