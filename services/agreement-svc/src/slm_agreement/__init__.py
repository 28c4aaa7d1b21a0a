"""The agreements and how they come about."""
