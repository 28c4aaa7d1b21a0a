"""The description of a route for the OpenAPI document, as keyword arguments of its decorator."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

PROBLEMS = "x-problems"
"""The key in ``openapi_extra`` that holds the codes of a route's own problems."""
PROBLEM_MEDIA = "x-problem-media"
"""The key in ``openapi_extra`` that holds a route's second media type for problems, besides JSON."""
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
    converts: bool = False,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return keyword arguments for ``@router.get`` and the other decorators. The function's name gives the operationId.

    ``answer`` is the model of a successful answer, or None if it has no body. The model only describes the answer: the
    function returns finished JSON, which is written as it is. With ``converts`` the function returns a row or a
    dataclass, and the model makes the JSON from it, without fields that the row does not have. ``problems`` are the
    codes that this route adds to those that follow from its parameters, body and key. ``also`` is a second status with
    the same answer, such as 200 beside 201. ``headers`` may hold ``ETAG`` and ``LOCATION``. For an answer of another
    media type than JSON, ``media`` is this type, ``answer`` is the schema of its body in the OpenAPI document, and the
    function returns a Response.
    """
    described: dict[str, Any] = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}
    if not headers:
        described = {}
    is_json = answer is not None and media == _JSON
    if is_json:
        described["model"] = answer
    elif answer is not None:
        described["content"] = {media: {"schema": answer}}
    statuses = (status,) if also is None else (status, also)
    # `Any` is validated for nothing and written by pydantic's core; without a response model FastAPI walks through
    # the answer in Python, which takes thirty times as long.
    written = answer if converts else Any
    return {
        **({} if is_json or answer is None else {"response_class": Response}),
        "summary": summary,
        "status_code": status,
        "response_model": written if is_json else None,
        "response_model_exclude_unset": converts,
        "responses": {each: dict(described) for each in statuses} if described else {},
        "openapi_extra": {**(extra or {}), PROBLEMS: list(problems)},
    }
