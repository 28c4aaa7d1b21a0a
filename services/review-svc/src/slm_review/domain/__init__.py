"""The rules of plans, reviews, decisions and proposals: pure functions of values and events."""
