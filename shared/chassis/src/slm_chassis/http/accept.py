"""The header ``Accept``: which media types a client takes (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Collection

from slm_chassis.http.problems import Problem


def takes(accept: str, media_type: str) -> bool:
    """Whether the client takes an answer of this type. The most specific range that names it decides."""
    return quality(accept, media_type) > 0


def quality(accept: str, media_type: str) -> float:
    """How much the client wants this type, 0 to 1. Without the header everything is welcome."""
    if not accept.strip():
        return 1.0
    wanted = media_type.partition(";")[0].strip().lower()
    ranges = (wanted, wanted.partition("/")[0] + "/*", "*/*")
    given: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        given[name] = max(given.get(name, 0.0), _quality_of(parameters))
    return next((given[name] for name in ranges if name in given), 0.0)


def best(accept: str, offered: Collection[str]) -> str | None:
    """Of the types offered, the one that the client wants most; the first of equals. None where it takes none."""
    found = max(offered, key=lambda media_type: quality(accept, media_type))
    return found if takes(accept, found) else None


def not_acceptable(accept: str, offered: Collection[str]) -> Problem:
    """406: nothing that can be sent is taken."""
    there = " or ".join(sorted(offered))
    detail = (
        f"Accept is {accept[:200]!r}, and the answer is {there}. Send Accept: {sorted(offered)[0]}, or leave it out."
    )
    return Problem(406, "not-acceptable", "Nothing that Accept names can be sent", detail)


def _quality_of(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
