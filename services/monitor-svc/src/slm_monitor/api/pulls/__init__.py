"""Routes for pulls: made, changed and started by their party. They must not ask tools themselves."""
