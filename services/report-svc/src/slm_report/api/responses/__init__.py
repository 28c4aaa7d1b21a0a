"""Response models of report-svc: they describe its JSON answers, but do not build them."""
