"""What Schemathesis loads: every request is sent with the key of one of the callers, and some bodies make sense."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import AuthContext, Case, GenerationMode, HookContext

from tests.fuzz.callers import Callers, digest_of

CALLERS = Callers.read()
# Bytes at random: what remote write and OTLP take are protobuf's.
schemathesis.serializer.alias("application/x-protobuf", "application/octet-stream")
for events in ("application/cloudevents+json", "application/cloudevents-batch+json"):
    schemathesis.serializer.alias(events, "application/json")
POSITIONS = ("cursor", "min_position", "known_at", "as_of")
"""Parameters that only an earlier answer could have given."""


NUMBER = "X-Request-Id"
"""The header with a number that follows from what was made up. It decides about the key; the service's log has it."""


@schemathesis.auth(refresh_interval=None)
class OneOfTheCallers:
    """No key is kept for the next request."""

    def get(self, case: Case[Any], context: AuthContext) -> str:
        said = (case.method, case.path, case.path_parameters, case.query, case.body)
        headers: Any = case.headers or {}
        return CALLERS.key_for(headers.get(NUMBER) or said)

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
        headers: Any = case.headers
        headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
    """No caller loses its key. Chains of requests lead somewhere only if what begins them is accepted."""
    if CALLERS.would_lose_theirs(f"{case.method.upper()} {case.path}", case.path_parameters):
        case.path_parameters = {**case.path_parameters, "principal_id": "another"}
    meta = case.meta
    if meta is not None and meta.phase.name == "stateful" and meta.generation.mode == GenerationMode.POSITIVE:
        number = digest_of((case.method, case.path, case.path_parameters, case.query, case.body))
        if number % 3:
            case.body = CALLERS.body_for(f"{case.method} {case.path}", case.body, number)
            case.query = {name: value for name, value in (case.query or {}).items() if name not in POSITIONS}
        headers: Any = case.headers
        headers[NUMBER] = f"fuzz-{number}"
    return case
