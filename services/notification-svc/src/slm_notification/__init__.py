"""Notifications: events that a party may see are sent to the party's addresses."""
