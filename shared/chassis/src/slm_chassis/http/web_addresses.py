"""Checks of URLs that people enter. Only http and https are allowed: other schemes can run code when a link is
followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, LiteralString, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_ADDRESS = re.compile(r"https?://[!-~\u00a1-\uffff]+", re.IGNORECASE)
_NAMES = re.compile(r"(.*_)?(url|uri|href|link)", re.IGNORECASE)
_REMEDY: LiteralString = "write a URL that begins with https:// or http://"
T = TypeVar("T")


def check_web_address(text: str) -> str:
    """Return the URL unchanged; raises ValueError unless it is http or https with a host."""
    if not _ADDRESS.fullmatch(text) or any(sign in text for sign in '<>"`'):
        raise ValueError(_REMEDY)
    try:
        host = urlsplit(text).hostname
    except ValueError:
        host = None
    if not host:
        raise ValueError(_REMEDY)
    return text


def check_web_addresses_within(value: T) -> T:
    """Return data of any structure unchanged; raises ValueError if the text of a field that is named like a URL is not
    one.

    ``places`` in the error's context maps the path of each wrong field to its value.
    """
    wrong = {path: found for path, found in _named(value, "") if not _is_address(found)}
    if wrong:
        raise PydanticCustomError("web_addresses", _REMEDY, {"places": wrong})
    return value


def _is_address(text: str) -> bool:
    try:
        check_web_address(text)
    except ValueError:
        return False
    return True


def _named(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        found = []
        for name, inner in value.items():
            where = f"{path}.{name}" if path else str(name)
            if isinstance(inner, str) and _NAMES.fullmatch(str(name)):
                found.append((where, inner))
            found += _named(inner, where)
        return found
    if isinstance(value, list):
        return [each for place, inner in enumerate(value) for each in _named(inner, f"{path}[{place}]")]
    return []


WebAddress = Annotated[str, Field(max_length=2_000), AfterValidator(check_web_address)]
"""Type of a field for a URL that other people may follow."""
WithAddresses = AfterValidator(check_web_addresses_within)
"""Annotation of a field of free structured data that may contain URLs."""
