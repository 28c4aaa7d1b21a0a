"""Pulls: a pull sends requests to a party's tool at intervals, and takes in tickets, outages or samples of the answers.

This package makes, changes and runs pulls. It must not judge: the tickets go to the intake, like tickets that a hook
receives.
"""
