"""Targets as sentences with blanks, and the terms made from what people write into the blanks."""
