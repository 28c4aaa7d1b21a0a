"""The canonical form of a revision (RFC 8785), and its hash, which is the revision's identity."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from slm_agreement.domain.errors import Finding, Invalid


def canonical_json(content: Any) -> bytes:
    """Return the canonical JSON of a value (RFC 8785) as bytes.

    Raises Invalid if the value has no canonical form: for NaN, infinities, integers beyond 2^53 and lone surrogates.
    """
    try:
        text = rfc8785.dumps(content)
        text.decode()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        remedy = "write numbers that matter as text and characters as Unicode"
        raise Invalid("The document has no canonical form.", [Finding("document", str(error), remedy)]) from error
    return text


def sha256_hex(canonical_bytes: bytes) -> str:
    """Return the SHA-256 of these bytes in lower-case hexadecimal."""
    return hashlib.sha256(canonical_bytes).hexdigest()
