"""View models of the Connections pages: sources, measurements, quarantine, imports, API keys."""
