"""The operator's key of every installation that tests start: a new one in each run, so that none is ever published."""

from slm_chassis.access import new_key

KEY = new_key()
