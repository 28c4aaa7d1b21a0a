"""The rules of agreements: what a document may say, how two parties come to sign it, and how it ends."""
