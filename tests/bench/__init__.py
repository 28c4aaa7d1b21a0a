"""Benchmarks of speed and cost, against whole installations as a user starts them. ``make bench`` runs all."""
