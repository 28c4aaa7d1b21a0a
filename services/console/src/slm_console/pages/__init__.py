"""HTTP handlers of the console's pages, one module for each area."""
