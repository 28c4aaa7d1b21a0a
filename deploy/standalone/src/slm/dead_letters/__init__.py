"""Records that services could not process, as an operator sees them."""
