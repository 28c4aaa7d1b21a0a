"""An API's OpenAPI document: FastAPI's own, completed with what FastAPI cannot know.

The parts that all operations share (the problems that a key, a body, a path or a header can cause; ``Idempotency-Key``;
headers of answers) are derived from the route, so that no route can forget them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import resources
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from slm_chassis.http import problem_types
from slm_chassis.http.etag import IF_MATCH
from slm_chassis.http.operation import PROBLEM_MEDIA, PROBLEMS
from slm_chassis.http.policies import Policy, policy_of
from slm_chassis.http.problem_types import OF_EVERY_API, ProblemType

_PROBLEM_JSON = "application/problem+json"
_METHODS = ("get", "put", "post", "delete", "patch")
_SUCCESS = "2"
_RETRY = frozenset({"overloaded", "rate-exceeded", "request-in-flight", "access-unknown", "unavailable"})
_BODY_READ = ("disconnected", "body-too-slow", "too-large", "overloaded")
_BODY_PARSED = ("malformed-json", "too-deep", "too-many-values", "invalid-request")
_KEYED = ("no-key", "wrong-key", "out-of-scope", "not-found", "rate-exceeded", "access-unknown", "unavailable")
_IDEMPOTENT = ("wrong-idempotency-key", "request-in-flight", "idempotency-key-reused")
_CONDITIONAL = ("if-match-required", "changed-meanwhile")
_ANY = ("not-acceptable", "unknown-parameter", "rate-exceeded", "unexpected")

INTRODUCTION = """\
**Keys.** Send your API key as `Authorization: Bearer slm_…` or as `X-API-Key`. A page of the same origin
opens a stream with the session's cookie instead. A program that speaks OAuth 2.0 exchanges the id of a key and the key
for an access token, which it sends as `Authorization: Bearer` too.

**Problems.** Every error is a problem document (RFC 9457). Its `type` is `/problems/<code>`, where a page explains the
cause and the remedy. `errors` names each wrong field with the value that was sent and what to send instead.

**Lists** come in pages: `?limit=` and `?cursor=` in, `items` and `next` out; `next` is null on the last page.

**Repeating a POST.** With `Idempotency-Key` a POST has its effect once; the same request again gets the same answer,
with `Idempotency-Replayed: true`, for 72 hours.

**Versions.** What can be edited has an `ETag`. Send it back in `If-Match` to change what you have read, and in
`If-None-Match` to be answered 304 where nothing has changed.

**HEAD** is answered wherever GET is. **Instants** are RFC 3339 text in UTC; **exact numbers** are decimals or fractions
as text; **durations** are ISO 8601 text.

**Tracing.** `traceparent` and `tracestate` (W3C Trace Context) are passed on to everything that follows from a request.
Every answer has an `X-Request-Id`, which is also in the service's log.
"""
_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A name of your own for this request, such as a UUID: sent again, the request has its effect once"
    " and gets the same answer. Kept for 72 hours.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255},
    "example": "0193a5c0-7a00-7000-8000-000000000001",
}
_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you have: 304 without a body where it is still the present one.",
    "schema": {"type": "string"},
}
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The version of what is shown (RFC 9110, 8.8.3)", "schema": {"type": "string"}},
    "Location": {"description": "Where what was made can be read", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait before the next try", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "How to send a key", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "`true`: this is the stored answer of an earlier request with the same Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_BEARER, _OAUTH = "HTTPBearer", "OAuth2ClientCredentials"
_CLIENT_CREDENTIALS: dict[str, Any] = {
    "type": "oauth2",
    "description": "The id of an API key as `client_id` and the key as `client_secret`, for a token of an hour at most."
    " A scope is `<resource>:read` or `<resource>:write`; the resource is the first part of the path after `/api/v1/`.",
    "flows": {
        "clientCredentials": {
            "tokenUrl": "/api/v1/oauth/token",
            "scopes": {"*:read": "All reads that the key allows", "*:write": "All writes that the key allows"},
        }
    },
}
_FIELD_ERROR: dict[str, Any] = {
    "type": "object",
    "description": "One field that is not valid, and what to send instead",
    "required": ["field", "remedy"],
    "properties": {
        "field": {"type": "string", "description": "The field, such as `items[0].at` or `query.limit`"},
        "value": {"description": "What was sent, shortened where it is long"},
        "remedy": {"type": "string", "description": "What to send instead"},
    },
    "examples": [{"field": "items[0].at", "value": "today", "remedy": "write an RFC 3339 instant with its offset"}],
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error as RFC 9457 describes it",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"$ref": "#/components/schemas/ProblemType"},
        "title": {"type": "string", "description": "What went wrong, in a few words"},
        "status": {"type": "integer", "description": "The HTTP status of the answer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What went wrong in this request, and what to do"},
        "instance": {"type": "string", "description": "The path that was asked for"},
        "errors": {
            "type": "array",
            "description": "The fields that are not valid, 100 at most",
            "items": {"$ref": "#/components/schemas/FieldError"},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Documentation:
    """Texts of a service's OpenAPI document in addition to those at its routes.

    ``tags``: tag → description. ``parameters``: name → description, for parameters that have none in their route.
    ``problems``: the service's own types of problem. ``examples``: operationId → a successful answer.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[ProblemType] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)

    @property
    def types(self) -> Mapping[str, ProblemType]:
        """Code → every type of problem that the service can answer with."""
        return problem_types.by_code((*OF_EVERY_API.values(), *self.problems))


UNDOCUMENTED = Documentation()
ANSWERS = "answers.json"
"""Name of the file with a service's examples, in the package of its routes. ``tools.openapi.examples`` writes it."""


def read_answer_examples(package: str) -> Mapping[str, Any]:
    """Read ``answers.json`` of a package; return operationId → example of a successful answer."""
    found: Mapping[str, Any] = json.loads(resources.files(package).joinpath(ANSWERS).read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class _RouteFacts:
    """The policy and the roles of a route, which FastAPI's own document does not contain."""

    policy: Policy
    roles: Sequence[str]


def complete_document(document: dict[str, Any], api: FastAPI, documentation: Documentation) -> dict[str, Any]:
    """Add problems, headers, tags and examples to FastAPI's document. The document is changed in place and returned."""
    types = documentation.types
    routes = dict(_routes(api))
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    used: set[str] = set()
    for path, method, operation in document_operations(document):
        _drop_null_from_parameters(operation, path, documentation.parameters)
        _describe(operation, path, method, routes[method, path], types, documentation.examples, used)
    schemas["Problem"] = _PROBLEM
    schemas["FieldError"] = _FIELD_ERROR
    schemas["ProblemType"] = {
        "type": "string",
        "description": "Which problem it is: the address of a page that explains it",
        "enum": sorted(each.uri for each in types.values()),
    }
    if _BEARER in components.get("securitySchemes", {}):
        components["securitySchemes"][_OAUTH] = _CLIENT_CREDENTIALS
    components["headers"] = _HEADERS
    components["responses"] = {name: _answer_of([types[code] for code in name.split(".")]) for name in sorted(used)}
    components["examples"] = {
        code: {"summary": types[code].title, "value": _example(types[code])}
        for code in sorted({code for name in used for code in name.split(".")})
    }
    named = {tag for _, _, operation in document_operations(document) for tag in operation.get("tags", ())}
    tags = {tag: documentation.tags.get(tag, "") for tag in named}
    document["tags"] = [{"name": tag, **({"description": text} if text else {})} for tag, text in sorted(tags.items())]
    return document


def document_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, method in lower case, operation) for every operation of an OpenAPI document."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _drop_null_from_parameters(operation: dict[str, Any], path: str, descriptions: Mapping[str, str]) -> None:
    """Correct the parameters and the security of an operation in FastAPI's document.

    Optional parameters lose the type ``null``: they are left out of a request, never sent as null. Missing descriptions
    are added, If-Match is required, and only event streams accept the session's cookie.
    """
    for each in operation.get("parameters", ()):
        schema = each["schema"]
        choices = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
        if len(choices) == 1:
            schema.update(choices[0])
        elif choices:
            schema["anyOf"] = choices
        schema.pop("title", None)
        schema.pop("description", None)
        if each["name"] in descriptions:
            each.setdefault("description", descriptions[each["name"]])
        each["required"] = each["required"] or each["name"] == IF_MATCH
    if "security" in operation and not path.endswith("/stream"):
        operation["security"] = [each for each in operation["security"] if "APIKeyCookie" not in each]
        if {_BEARER: []} in operation["security"]:
            operation["security"].append({_OAUTH: []})


def _describe(
    operation: dict[str, Any],
    path: str,
    method: str,
    route: _RouteFacts,
    types: Mapping[str, ProblemType],
    examples: Mapping[str, Any],
    used: set[str],
) -> None:
    own, media = operation.pop(PROBLEMS, ()), operation.pop(PROBLEM_MEDIA, None)
    responses: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    has_etag = any("ETag" in each.get("headers", {}) for each in responses.values())
    parameters: list[dict[str, Any]] = operation.get("parameters", [])
    if method == "post" and not route.policy.is_keyless and "no-idempotency-here" not in own:
        parameters = [*parameters, _KEY_PARAMETER]
        for status, response in responses.items():
            if status.startswith(_SUCCESS):
                name = "Idempotency-Replayed"
                response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}
    if method == "get" and has_etag:
        parameters = [*parameters, _NONE_MATCH]
        responses["304"] = {
            "description": "It is as you have it",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        }
    if parameters:
        operation["parameters"] = parameters
    codes = {*_codes(operation, path, method, route), *own}
    _add_problems(responses, [types[code] for code in codes], used, media)
    if route.roles:
        need = f"Needs the role {' or '.join(f'`{role}`' for role in route.roles)}."
        operation["description"] = f"{operation.get('description', '')}\n\n{need}".strip()
    _name_answers(responses)
    _add_example(responses, examples.get(operation["operationId"]))


def _codes(operation: Mapping[str, Any], path: str, method: str, route: _RouteFacts) -> Iterator[str]:
    """Yield the codes of the problems that follow from the route's policy, parameters and body."""
    policy = route.policy
    yield from _ANY
    names = {(each["in"], each["name"]) for each in operation.get("parameters", ())}
    if any(kind != "header" for kind, _ in names):
        yield "invalid-request"
    if "{" in path:
        yield "not-found"
    if ("header", IF_MATCH) in names:
        yield from _CONDITIONAL
    if not policy.is_keyless:
        yield from _KEYED
        yield "too-many-streams" if policy.is_stream else "too-many-requests"
        if method != "get" and not policy.is_own_account:
            yield "only-reads"
    if route.roles:
        yield "missing-role"
    if "requestBody" in operation:
        yield from _BODY_READ
        if policy.is_parsed:
            yield from _BODY_PARSED
    # Where a secret is issued the header is refused, and a malformed one before that.
    if method == "post" and not policy.is_keyless:
        yield from _IDEMPOTENT


def _add_problems(responses: dict[str, Any], found: Sequence[ProblemType], used: set[str], media: str | None) -> None:
    """Add the answers with these problems to the responses of an operation.

    ``media`` is a second media type that the document allows for these answers, with bytes as the body; None if they
    are JSON only. ``used`` gets the names of the shared responses that the operation refers to.
    """
    by_status: dict[int, list[ProblemType]] = {}
    for each in found:
        by_status.setdefault(each.status, []).append(each)
    for status, types in sorted(by_status.items()):
        name = ".".join(sorted(each.code for each in types))
        declared = responses.get(str(status))
        if declared is None:
            used.add(name)
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
            if media is not None:
                answer = _answer_of(types)
                answer["content"][media] = {"schema": {"type": "string", "format": "binary"}}
                responses[str(status)] = answer


def _answer_of(types: Sequence[ProblemType]) -> dict[str, Any]:
    status = types[0].status
    lines = [f"* `{each.code}`: {each.cause}" for each in types]
    answer: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}. One of:\n\n" + "\n".join(lines),
        "content": {
            _PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {each.code: {"$ref": f"#/components/examples/{each.code}"} for each in types},
            }
        },
    }
    names = ["Retry-After"] if any(each.code in _RETRY for each in types) else []
    names += ["WWW-Authenticate"] if status == HTTPStatus.UNAUTHORIZED else []
    if names:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return answer


def _example(problem: ProblemType) -> dict[str, Any]:
    return {"type": problem.uri, "title": problem.title, "status": problem.status, "detail": problem.remedy}


def _name_answers(responses: Mapping[str, Any]) -> None:
    """Remove the title that FastAPI writes beside the ``$ref`` of an answer's model."""
    for response in responses.values():
        for media in response.get("content", {}).values():
            if "$ref" in media.get("schema", {}):
                media["schema"].pop("title", None)


def _add_example(responses: Mapping[str, Any], example: Any) -> None:
    if example is None:
        return
    for status, response in responses.items():
        media = response.get("content", {}).get("application/json")
        if status.startswith(_SUCCESS) and media is not None and not media.keys() & {"example", "examples"}:
            media["example"] = example


def _routes(api: FastAPI) -> Iterator[tuple[tuple[str, str], _RouteFacts]]:
    for context in iter_route_contexts(api.routes):
        if not context.path or not context.methods:
            continue
        path = compile_path(context.path)[1]
        roles = tuple(_roles(getattr(context, "dependant", None)))
        for method in context.methods:
            yield (method.lower(), path), _RouteFacts(policy_of(context), roles)


def _roles(dependant: Dependant | None) -> Iterator[str]:
    """Yield the roles that a route's dependencies demand."""
    if dependant is not None:
        yield from getattr(dependant.call, "roles", ())
        for inner in dependant.dependencies:
            yield from _roles(inner)
