"""Notifications: the events that a party may see, sent to its addresses."""
