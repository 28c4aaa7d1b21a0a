"""PostgreSQL, HTML and SVG."""
