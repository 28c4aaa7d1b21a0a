"""View models of the Settings pages: the company's people, guest links, audit trail."""
