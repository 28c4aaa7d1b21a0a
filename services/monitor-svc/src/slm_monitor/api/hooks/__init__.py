"""Routes for hooks: made and changed by their party, called by other tools. They must not map payloads themselves."""
