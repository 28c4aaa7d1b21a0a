"""The standalone installation, which runs all services in one process, and the ``slm`` command line."""
