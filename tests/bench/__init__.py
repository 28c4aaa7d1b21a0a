"""How fast and how dear: benchmarks against whole installations, as a user starts them. ``make bench`` runs all."""
