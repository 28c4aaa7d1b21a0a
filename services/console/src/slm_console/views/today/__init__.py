"""View models of the Today page: rows by urgency, the sentence that counts them, and the state of the services."""
