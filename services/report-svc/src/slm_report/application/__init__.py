"""The use cases of report-svc: receive facts, build reports, and publish them."""
