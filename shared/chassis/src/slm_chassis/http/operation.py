"""What a route says of itself in the API's document, as the keyword arguments of its decorator."""

from __future__ import annotations

from typing import Any

PROBLEMS = "x-problems"
"""The member of ``openapi_extra`` with the codes of a route's own problems, which the document lists as answers."""
ETAG, LOCATION = "ETag", "Location"
_JSON = "application/json"


def operation(
    summary: str,
    answer: Any,
    *problems: str,
    status: int = 200,
    also: int | None = None,
    headers: tuple[str, ...] = (),
    media: str = _JSON,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Keyword arguments for ``@router.get`` and its like; the function's name becomes the operationId.

    ``answer``: the model of a successful answer, None where it has no body. The model describes the answer; it does
    not rewrite it. ``problems``: codes of the problems that this route adds to those that its parameters, body and key
    bring anyway. ``also``: a second status with the same answer, such as 200 beside 201. ``headers``: ``ETAG``,
    ``LOCATION``.
    """
    described: dict[str, Any] = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}
    if not headers:
        described = {}
    if answer is not None and media == _JSON:
        described["model"] = answer
    elif answer is not None:
        described["content"] = {media: {"schema": answer}}
    statuses = (status,) if also is None else (status, also)
    return {
        "summary": summary,
        "status_code": status,
        "response_model": None,
        "responses": {each: dict(described) for each in statuses} if described else {},
        "openapi_extra": {**(extra or {}), PROBLEMS: list(problems)},
    }
