"""Pulls: a pull sends requests to a party's tool at intervals, and takes in tickets, outages or samples of the answers.

This package makes, changes and runs pulls. It must not evaluate what a pull reads. It hands the tickets, outages or
samples to the intake.
"""
