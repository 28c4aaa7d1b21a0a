"""Readers of a page's HTML for tests of pages: its form token, and its words."""

from __future__ import annotations

import re
from html import unescape


def token_in(page: str) -> str:
    """Return the token of the first form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def words_of(page: str) -> str:
    """Return the text of a page without its tags, with single spaces."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())
