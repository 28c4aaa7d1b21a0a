"""Entity tags: an ``ETag`` in answers and an ``If-Match`` in changes, so that nobody overwrites unseen changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from slm_chassis.http.problems import Problem

IF_MATCH = "If-Match"


def etag_of(version: int | str) -> str:
    """Return the strong entity tag of a version, as the header ``ETag`` carries it."""
    return f'"{version}"'


async def _required(
    if_match: Annotated[str | None, Header(alias=IF_MATCH, description="The ETag that you last read, or `*`")] = None,
) -> str:
    if not if_match:
        detail = "Read the resource first and send its ETag back in the header If-Match."
        raise Problem(428, "if-match-required", "If-Match is required", detail)
    return if_match


IfMatch = Annotated[str, Depends(_required)]
"""Type of a route's parameter: the request needs the header ``If-Match``; without it the answer is 428."""


def is_etag_named(if_none_match: str, etag: str) -> bool:
    """Whether a header ``If-None-Match`` contains this entity tag, by weak comparison (RFC 9110, 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags


def check_if_match(if_match: str, version: int | str) -> None:
    """Raise 412 unless the header ``If-Match`` contains the present version or is ``*``.

    Weak tags never match (RFC 9110, 13.1.1).
    """
    tags = {tag.strip() for tag in if_match.split(",")}
    if "*" not in tags and etag_of(version) not in tags:
        detail = f"The present version is {etag_of(version)}. Read it again, apply your change to it and send that."
        raise Problem(412, "changed-meanwhile", "It has changed since you read it", detail)
