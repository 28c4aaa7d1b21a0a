"""Tools around the OpenAPI document of the whole product: write it, lint it."""
