"""Tools for the OpenAPI document of the whole product: write it, lint it, collect its examples."""
