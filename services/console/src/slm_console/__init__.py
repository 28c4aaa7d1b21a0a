"""Web console, the pages that people use: Today, services, agreements, targets, breaches, over the public API."""
