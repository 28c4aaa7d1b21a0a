"""The header ``Accept``: which media types a client accepts (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Collection

from slm_chassis.http.problems import Problem


def accepts_media_type(accept: str, media_type: str) -> bool:
    """Whether the client accepts this media type. The most specific range that covers it decides."""
    return media_type_quality(accept, media_type) > 0


def media_type_quality(accept: str, media_type: str) -> float:
    """Return how much the client prefers this media type, from 0 to 1; 1 without the header."""
    if not accept.strip():
        return 1.0
    wanted = media_type.partition(";")[0].strip().lower()
    ranges = (wanted, wanted.partition("/")[0] + "/*", "*/*")
    given: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        given[name] = max(given.get(name, 0.0), _quality_of(parameters))
    return next((given[name] for name in ranges if name in given), 0.0)


def preferred_media_type(accept: str, offered: Collection[str]) -> str | None:
    """Return the offered media type that the client prefers; of several that it likes equally, the first. None if the
    client accepts none.
    """
    found = max(offered, key=lambda media_type: media_type_quality(accept, media_type))
    return found if accepts_media_type(accept, found) else None


def not_acceptable(accept: str, offered: Collection[str]) -> Problem:
    """Return the problem 406: the client accepts none of the offered media types."""
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
