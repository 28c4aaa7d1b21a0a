"""Routes that receive data: indicators, measurements, tickets, imports, and the quarantine.

This package must not know targets or results.
"""
