"""The rules of agreements: who acts, the content of a document, its negotiation and signing, and the end of its term.

Each package may import those below it. From the top they are ``contracting``, ``checks``, ``versions``, ``documents``,
then ``terms`` and ``people`` side by side, and ``errors`` below all.
"""
