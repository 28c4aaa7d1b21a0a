"""All four services in one process, and the slm command line."""
