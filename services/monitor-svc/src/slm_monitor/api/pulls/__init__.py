"""Routes for pulls. A pull asks a tool of a party regularly for facts. The party makes, changes and starts its pulls.

This package must not ask tools by itself.
"""
