"""Tests of the console in a real browser: every page, and the journeys of people."""
