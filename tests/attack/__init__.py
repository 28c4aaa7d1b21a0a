"""Attacks on the running product: what a hostile or careless client, record or machine can do, and what must hold."""
