"""Parts that all pages share: sessions, forms, error pages, security headers, rendering."""
