"""The rules of plans, reviews, decisions and proposals: plain values in, values and events out."""
