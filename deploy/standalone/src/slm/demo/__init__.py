"""The demonstration: a whole cycle from negotiation to review, played through the public API."""
