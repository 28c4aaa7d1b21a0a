"""The API's address and key, checked before anything is sent."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx

from slm_mappings.messages import ImportFinding, ImportRefused

_KEY = re.compile(r"[\x21-\x7e]{1,500}")


def check_api_address(url: str) -> str:
    """Return the API's address without a trailing slash. Raises ImportRefused for an address that can never be
    reached.
    """
    try:
        parts = urlsplit(url)
        is_usable = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        is_usable = False
    if not is_usable:
        raise ImportRefused(
            "The address cannot be used", [ImportFinding("--url", url, "write it like http://127.0.0.1:8080")]
        )
    return url.rstrip("/")


def check_api_key(key: str) -> str:
    """Return the API key unchanged. Raises ImportRefused if it contains characters that no key has."""
    if not _KEY.fullmatch(key):
        raise ImportRefused(
            "The key cannot be used", [ImportFinding("--key", None, "give an API key: letters, digits, _ and -")]
        )
    return key
