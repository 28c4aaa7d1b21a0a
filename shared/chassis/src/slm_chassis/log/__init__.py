"""The log: an append-only record of what happened, as a port with three adapters."""
