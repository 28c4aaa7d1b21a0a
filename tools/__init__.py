"""Developer tools: set-up, house rules and generated pages. They are not part of the product."""
