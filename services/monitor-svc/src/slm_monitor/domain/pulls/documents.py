"""Requests for a whole document. A tool that knows ETags does not send an unchanged document again."""

from __future__ import annotations

from slm_monitor.domain.pulls.dialects import ToolAnswer, ToolRequest

DIALECT = "document"
"""The name of this language in recipes."""
_LONGEST_TAG = 1_000


def request_of(path: str, tag: str) -> ToolRequest:
    """Return the request for the document. ``tag``: the ETag of the version that was read last; empty at first."""
    return ToolRequest(path, headers={"if-none-match": tag} if tag else {})


def tag_of(answer: ToolAnswer) -> str:
    """Return the ETag of the document in an answer; empty if there is none or if it cannot be sent back."""
    tag = answer.headers.get("etag", "").strip()
    return tag if len(tag) <= _LONGEST_TAG and tag.isascii() and tag.isprintable() else ""
