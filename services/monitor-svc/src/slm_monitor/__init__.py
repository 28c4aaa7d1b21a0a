"""Measurements, tickets, judgement, breaches."""
