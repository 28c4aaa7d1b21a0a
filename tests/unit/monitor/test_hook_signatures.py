"""Calls of hooks prove that they come from the tool: by a signature, a password, or a secret in the address."""

from __future__ import annotations

import hashlib
import hmac

from slm_monitor.domain.hooks.hooks import HookAuthentication
from slm_monitor.domain.hooks.signatures import is_from_tool, proof_of, stored_secret

SECRET = "the secret that nobody may see"


def test_signatures_are_those_of_the_tools_own_documentation() -> None:
    """A signature made here, not by the product: the raw bytes, hexadecimal, after the prefix that each tool writes."""
    body, key = b'{"a":1}', b"secret-of-sixteen"
    sha256, sha1 = hmac.new(key, body, hashlib.sha256).hexdigest(), hmac.new(key, body, hashlib.sha1).hexdigest()
    for kind, sent in (
        ("hmac-sha256", f"sha256={sha256}"),
        ("hmac-sha256", f"v1={'0' * 64},v1={sha256}"),
        ("hmac-sha256", sha256),
        ("hmac-sha1", f"sha1={sha1}"),
    ):
        assert is_from_tool(HookAuthentication(kind, "X"), [key.decode()], sent, body), sent
    assert not is_from_tool(HookAuthentication("hmac-sha256", "X"), [key.decode()], f"sha1={sha256}", body)
    assert not is_from_tool(HookAuthentication("hmac-sha256", "X"), [], f"sha256={sha256}", body)
    signed = f"sha256={sha256}"
    for other in (b'{"a":2}', b'{"a": 1}', b""):
        assert not is_from_tool(HookAuthentication("hmac-sha256", "X"), [key.decode()], signed, other)


def test_a_password_proves_nothing_with_another_user() -> None:
    way = HookAuthentication("basic", "Authorization", "slm")
    stored = stored_secret(way, SECRET)
    assert is_from_tool(way, [stored], proof_of(way, SECRET, b""), b"")
    for other in ("", "root", "SLM"):
        assert not is_from_tool(way, [stored], proof_of(HookAuthentication("basic", "", other), SECRET, b""), b"")


def test_a_secret_in_the_address_is_the_whole_secret() -> None:
    way = HookAuthentication("query", "Authorization")
    stored = stored_secret(way, SECRET)
    assert SECRET not in stored
    assert is_from_tool(way, [stored], proof_of(way, SECRET, b""), b"")
    for sent in (None, "", SECRET[:-1], f"Bearer {SECRET}", stored):
        assert not is_from_tool(way, [stored], sent, b"")
