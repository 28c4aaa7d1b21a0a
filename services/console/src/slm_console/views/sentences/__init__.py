"""Targets as sentences with blanks, and the way back from filled blanks to terms."""
