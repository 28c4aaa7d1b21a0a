"""The standalone installation, which runs all four services in one process, and the ``slm`` command line."""
