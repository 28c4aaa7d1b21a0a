"""Attacks on the running product by hostile or careless clients, records and machines, and the laws that must hold."""
