"""PostgreSQL tables and queries, and the pages and charts of reports in HTML and SVG."""
