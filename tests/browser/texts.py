"""The texts that people can write, found in the API's OpenAPI documents, and a world that writes markup there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slm.contexts import CONTEXTS, document_of
from slm_chassis.http.document import document_operations
from tests.browser.people import World

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
"""Runs where it is taken for markup, and makes a foreign request besides."""

_RESTRICTED = {"pattern", "enum", "const", "format"}

_LOOKED_UP = """
agreement_id customer_party_id delegate_party_id party_id party_ids person_id principal_id provider_party_id request_id
revision_hash service_id indicators services targets target clause template field accept roles key id link code path
period kind sources browser iss event_types agreement_ids service_ids other_party_ids indicator labels connector
client_id monday_service_ids dependencies named_company_id
"""
"""Ids, keys and hashes of things that exist."""
_PARSED = """
announced_at answer_by as_of at cancelled_at closed_at decide_by_at duration effective_at ends_at expires_at
first_response_at from opened_at resolved_at rule through time_to_exhaustion timezone to until updated_at valid_from
valid_until highest lowest rpo rpo_at_most rto rto_at_most service_hours also_service_hours stale_after window at_most
match time_zone mapping zone since planned_on dated_on signed_on columns.*
"""
"""Instants, lengths, numbers, zones, rules, selectors and mappings."""
_MATCHED = "customer service priority type state number source ticket"
"""Names by which tickets are matched."""
_TRIED = "provided required structure supports.* series.* instants.* state_event payload content"
"""Arguments of previews, which store nothing."""
_HELD = "url address current_password password secret client_secret email alias unit scope"
"""Web addresses, which are held to http and https; secrets, which are shown nowhere; names of a few letters."""

MACHINE_TEXTS = frozenset(" ".join((_LOOKED_UP, _PARSED, _MATCHED, _TRIED, _HELD)).split())
"""Names of fields whose text is no free text."""

_WRITTEN = """
assignee attendees category client corrective_action description expected_change further_outcomes moments_of_truth
name note outcome owner reason root_cause summary system team text title step
"""
PEOPLES_TEXTS = frozenset(_WRITTEN.split())
"""Names of fields that hold what people write. Those of agreements' documents, such as ``title``, are among them."""


def free_texts() -> dict[str, set[str]]:
    """Return the name of each field of a request's body that takes any text → the operations that take it."""
    found: dict[str, set[str]] = {}
    for context in CONTEXTS:
        document = document_of(context)
        for path, method, operation in document_operations(document):
            for media in operation.get("requestBody", {}).get("content", {}).values():
                for name in _names(document, media["schema"], "", ()):
                    found.setdefault(name, set()).add(f"{method} {path}")
    return found


def _names(document: Any, schema: Mapping[str, Any], name: str, seen: tuple[str, ...]) -> Iterator[str]:
    reference = schema.get("$ref")
    if reference is not None:
        if reference not in seen:
            inner = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
            yield from _names(document, inner, name, (*seen, reference))
        return
    for choice in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(choice, ()):
            yield from _names(document, each, name, seen)
    if schema.get("type") == "string" and not _RESTRICTED & schema.keys():
        yield name
    for inner, each in schema.get("properties", {}).items():
        yield from _names(document, each, inner, seen)
    if isinstance(schema.get("items"), dict):
        yield from _names(document, schema["items"], name, seen)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _names(document, schema["additionalProperties"], f"{name}.*", seen)


class MarkedWorld(World):
    """A world in which everything that people write has markup at its end."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.marked: set[str] = set()
        """Names of the fields that markup was written to."""

    async def _ask(self, who: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        if "json" in more:
            more["json"] = self.with_markup(more["json"])
        return await super()._ask(who, method, path, **more)

    def with_markup(self, value: Any, name: str = "") -> Any:
        """Return a body with markup at the end of every text that people write."""
        if isinstance(value, Mapping):
            in_clauses = name == "clauses"
            return {key: self.with_markup(each, "text" if in_clauses else key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.with_markup(each, name) for each in value]
        if isinstance(value, str) and name in PEOPLES_TEXTS and MARKUP not in value:
            self.marked.add(name)
            return value + MARKUP
        return value
