"""Web console: the pages that people use, such as Today, services and breaches. It calls only the public API."""
