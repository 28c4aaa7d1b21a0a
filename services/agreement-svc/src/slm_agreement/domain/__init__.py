"""The rules of agreements: who acts, the content of a document, its negotiation and signing, and the end of its term.

The packages form layers, and a package may import only packages of lower layers. The layers are, from the top:
``contracting``, ``checks``, ``versions``, ``documents``, then ``terms`` and ``people`` together, then ``errors``.
"""
