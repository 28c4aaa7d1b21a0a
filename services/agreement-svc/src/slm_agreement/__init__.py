"""Agreements and their negotiation: parties, catalogue, drafts, signatures and terms."""
