"""The rules of agreements: the content of a document, the negotiation and signing by two parties, and the end."""
