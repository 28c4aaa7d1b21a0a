"""What keeps the house: set-up, rules and generated pages; no part of the product."""
