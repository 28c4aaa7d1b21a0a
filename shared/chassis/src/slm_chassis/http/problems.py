"""Errors as problem documents (RFC 9457) that say what to do. Every exception in a request ends here.

Problem                  the answer itself, raised by API modules
RequestValidationError   400 malformed-json, 422 invalid-request
HTTPException            404 not-found, 405 method-not-allowed, 413 too-large …
ClientDisconnect         400 disconnected
Overload                 429 overloaded, with Retry-After
AccessUnavailable        503 access-unknown
infrastructure faults    503 unavailable
SQLSTATE 22              422 invalid-request (a value that cannot be stored)
SQLSTATE 23              409 conflict (a constraint)
anything else            500 with an id that is in the log
"""

from __future__ import annotations

import http
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from slm_chassis.access_registry import AccessUnavailable
from slm_chassis.faults import Overload, is_infrastructure_fault, sqlstate
from slm_chassis.http.problem_types import PREFIX

_logger = structlog.get_logger(__name__)
_SHOWN = 200
"""How many characters of a wrong value an answer repeats."""
_MOST_ERRORS = 100
"""The most fields that one answer names. A body of 100,000 wrong values would otherwise cause an answer of megabytes.
"""


SECRET_FIELDS = frozenset({"secret", "client_secret", "password", "current_password", "token"})
"""Names of fields of requests whose values no answer repeats."""
_HIDDEN = "(not shown)"


class Problem(HTTPException):
    """An error as the answer to a request: status, code, title, detail, and errors by field.

    Each error is ``{"field": "items[0].at", "value": what was sent, "remedy": what to send instead}``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str = "",
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.status = status
        self.code = code
        self.title = title
        self.errors = [dict(error) for error in errors]


def not_found(kind: str, given: str) -> Problem:
    """Return the problem 404. It is the same for what does not exist and for what the caller may not see."""
    return Problem(404, "not-found", f"No such {kind}", f"There is no {kind} {given!r} that you may see; check the id.")


def invalid(field: str, value: Any, remedy: str) -> Problem:
    """Return the problem 422 for one field."""
    errors = [{"field": field, "value": value, "remedy": remedy}]
    return Problem(422, "invalid-request", "The request is not valid", f"{field}: {remedy}", errors)


def answer_refusals(api: FastAPI, kind: type[Exception], problem_of: Callable[[Any], Problem]) -> None:
    """Register a handler: if a route raises this exception, the answer is the problem that ``problem_of`` makes from
    it.
    """

    async def answer(request: Request, error: Exception) -> Response:
        return problem_response(problem_of(error), request.url.path)

    api.add_exception_handler(kind, answer)


def problem_response(problem: Problem, instance: str) -> Response:
    """Return the problem as a response; ``instance`` is the path of the request."""
    document: dict[str, Any] = {
        "type": PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status,
        "instance": instance,
    }
    if problem.detail:
        document["detail"] = problem.detail
    if problem.errors:
        document["errors"] = [_shown_error(error) for error in problem.errors[:_MOST_ERRORS]]
    # ASCII only: text from the request may hold lone surrogates, which UTF-8 cannot encode.
    body = json.dumps(document, allow_nan=False).encode("ascii")
    return Response(body, problem.status, problem.headers, media_type="application/problem+json")


def problem_of(error: BaseException, request_id: str) -> Problem:
    """Return the problem document for an exception.

    An unexpected exception is logged under ``request_id``, and the answer shows only this id.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_status(error)
    if isinstance(error, ClientDisconnect):
        return Problem(400, "disconnected", "The client disconnected before its request was complete")
    if isinstance(error, Overload):
        return _overloaded(error)
    if isinstance(error, AccessUnavailable):
        return _access_unknown()
    if is_infrastructure_fault(error):
        return _unavailable(error)
    return _of_storing(error, request_id)


def _of_validation(error: RequestValidationError) -> Problem:
    found = error.errors()
    malformed = next((one for one in found if one["type"] == "json_invalid"), None)
    if malformed is not None:
        where = f"at byte {malformed['loc'][-1]}: {malformed.get('ctx', {}).get('error', '')}"
        return Problem(400, "malformed-json", "The body is not JSON", f"Reading stopped {where}. Send valid JSON.")
    wrong = [error for one in found for error in _wrong(one)]
    errors = wrong[:_MOST_ERRORS]
    names = ", ".join(dict.fromkeys(str(one["field"]) for one in errors))
    more = f", and {len(wrong) - len(errors)} more fields," if len(wrong) > len(errors) else ""
    detail = f"Correct {names}{more} and send it again."
    return Problem(422, "invalid-request", "The request is not valid", detail, errors)


def _wrong(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Convert ``one`` error of pydantic to errors of a problem document, and yield them.

    Usually this is a single error. A validator of free data may name several wrong places, as ``places`` in the
    context of its error: then there is an error for each place.
    """
    field, remedy = _field(one["loc"]), _remedy(one)
    places = one.get("ctx", {}).get("places", {"": _value(one)})
    for path, value in places.items():
        dot = "." if path and not path.startswith("[") else ""
        yield {"field": f"{field}{dot}{path}", "value": value, "remedy": remedy}


def _field(location: Sequence[str | int]) -> str:
    """Return the name of a field: ``("body", "items", 0, "at")`` → ``items[0].at``, ``("query", "limit")`` →
    ``query.limit``.
    """
    parts = location[1:] if location and location[0] == "body" and len(location) > 1 else location
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _value(one: Mapping[str, Any]) -> Any:
    """Return the invalid value that was sent, from ``one`` error of pydantic.

    None for a missing field: the input that pydantic gives there is the object that lacks the field.
    """
    return None if one["type"] == "missing" else one.get("input")


_REMEDIES = {
    "missing": "this is required",
    "extra_forbidden": "this field is not known; leave it out",
    "bool_parsing": "write true or false",
}


def _remedy(one: Mapping[str, Any]) -> str:
    if one["type"] in _REMEDIES:
        return _REMEDIES[one["type"]]
    if one["type"] in ("model_attributes_type", "dict_type") and isinstance(one.get("input"), bytes):
        return "send a JSON body with the header Content-Type: application/json"
    message = str(one["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


_BY_STATUS = {
    400: ("malformed-json", "The body cannot be read", "Send valid JSON in UTF-8."),
    404: ("not-found", "No such resource", "Nothing is served under this path; GET /openapi.json lists what is."),
    405: ("method-not-allowed", "Method not allowed", "Use one of the methods in the header Allow."),
    413: ("too-large", "The body is too large", ""),
}


def _of_status(error: HTTPException) -> Problem:
    phrase = http.HTTPStatus(error.status_code).phrase
    code, title, detail = _BY_STATUS.get(error.status_code, (phrase.lower().replace(" ", "-"), phrase, ""))
    said = error.detail if error.detail and error.detail != phrase else detail
    return Problem(error.status_code, code, title, str(said), headers=error.headers)


def _overloaded(error: Overload) -> Problem:
    detail = f"{error}. Nothing of this request was done; send the same request again in {error.retry_after} s."
    return Problem(
        429, "overloaded", "Too many requests are waiting", detail, headers={"Retry-After": str(error.retry_after)}
    )


def _unavailable(error: BaseException) -> Problem:
    _logger.warning("unavailable", exc_info=error)
    detail = "Something this service depends on cannot be reached now. Send the same request again in a moment."
    return Problem(503, "unavailable", "Not available now", detail, headers={"Retry-After": "1"})


def _access_unknown() -> Problem:
    # The registry has logged the cause, which names hosts and is not for everybody.
    detail = (
        "The log of keys could not be read to its end within the last two seconds. A key may have been revoked"
        " meanwhile, so none is accepted. Send the same request again in a moment."
    )
    return Problem(503, "access-unknown", "Keys cannot be checked now", detail, headers={"Retry-After": "1"})


def _of_storing(error: BaseException, request_id: str) -> Problem:
    state = sqlstate(error) or ""
    # JSON may hold lone surrogates, which fail only where text becomes UTF-8.
    if state.startswith("22") or "surrogates not allowed" in str(error):
        _logger.warning("value that cannot be stored", sqlstate=state, exc_info=error)
        detail = "A value cannot be stored: text must be free of NUL and lone surrogates, numbers within range."
        return Problem(422, "invalid-request", "The request is not valid", detail)
    if state.startswith("23"):
        _logger.warning("conflict found by the database", sqlstate=state, exc_info=error)
        detail = "It conflicts with what is stored, which may have just changed. Read the present state and try again."
        return Problem(409, "conflict", "Conflicts with what is stored", detail)
    return _unexpected(error, request_id)


def _unexpected(error: BaseException, request_id: str) -> Problem:
    _logger.error("unexpected error", id=request_id, exc_info=error)
    detail = f"The service has a fault, which is in its log. Tell the operator the id {request_id}."
    return Problem(500, "unexpected", "Unexpected error", detail)


def _shown_error(error: Mapping[str, Any]) -> Any:
    """Return one error of a problem document as JSON. The value of a field that holds a secret is replaced, because
    clients log the answers that they get.
    """
    name = str(error.get("field", "")).rpartition(".")[2]
    return _presentable({**error, "value": _HIDDEN} if name in SECRET_FIELDS and error.get("value") else error)


def _presentable(value: Any, depth: int = 0) -> Any:
    """Return a wrong value as JSON that is finite, short and safe to send back; values that are nested too deeply are
    left out.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 1 << 53 else f"{value:.6e}" if value.bit_length() < 1_000 else "a huge integer"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping) and depth < 3:
        return {
            str(key)[:_SHOWN]: _HIDDEN if key in SECRET_FIELDS and inner else _presentable(inner, depth + 1)
            for key, inner in list(value.items())[:20]
        }
    if isinstance(value, list | tuple) and depth < 3:
        return [_presentable(inner, depth + 1) for inner in value[:20]]
    if isinstance(value, Mapping | list | tuple):
        return "{…}" if isinstance(value, Mapping) else "[…]"
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
