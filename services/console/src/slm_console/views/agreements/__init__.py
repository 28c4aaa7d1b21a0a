"""View models of the agreement pages: list, document, changes, answers, signing, drafts, timeline."""
