"""Response models of report-svc: what its JSON answers hold. They describe answers, they make none."""
