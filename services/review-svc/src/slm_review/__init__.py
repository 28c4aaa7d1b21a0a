"""Reviews, disputes, actions, lessons, proposals."""
