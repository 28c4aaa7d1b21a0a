"""Causes: breaches and risks of one provider that come from the same outage, grouped under an id, with a view for each
party.

A breach or a risk is called a finding here. This package must not know how a finding was evaluated. It sees only the
interval in which something was bad, and the indicators and configuration items that were bad.
"""
