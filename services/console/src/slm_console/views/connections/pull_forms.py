"""Form to make or change a pull: its fields, and the request body made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from slm_console.views.connections.pulls import proof_in_words
from slm_console.views.reader import SECOND, Reader

API_NAMES = {
    "authentication.kind": "way", "authentication.user": "user", "every_seconds": "every",
    "query": "expression", "query.expression": "expression", "query.record": "record", "query.step_seconds": "step",
    "reconcile_at": "night",
}  # fmt: skip
"""Field of the API → field of the form, where the names differ."""
_OWN = frozenset({"title", "address", "secret", "filter", "source", "path", "zone", "mapping", "since"})
_EVERY = (60, 300, 900, 3_600)
_STEPS = (15, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class PullDraft:
    """The texts in the fields of the form. The secret is left out, because no page shows it again.

    - ``way``, ``user``: how the pull logs in at the tool, such as ``basic``, and its user or client id.
    - ``every``: seconds from one run to the next. ``step``: seconds from one sample to the next.
    - ``filter`` is for tickets; ``expression``, ``record`` and ``step`` are for samples.
    - ``night``, ``zone``: the time of the nightly comparison with the tool.
    - ``cancels``: ``yes`` if the pull cancels a ticket that the tool does not show in two comparisons in a row.
    - ``since``: the day from which to read; empty if none was typed.
    - ``tag``: the entity tag that the pull had when the form was shown; empty for a new pull.
    """

    title: str = ""
    address: str = ""
    way: str = ""
    user: str = ""
    filter: str = ""
    expression: str = ""
    record: str = ""
    step: str = "60"
    every: str = "300"
    source: str = ""
    path: str = ""
    night: str = "02:30"
    zone: str = ""
    cancels: str = ""
    mapping: str = ""
    since: str = ""
    tag: str = ""


def draft_typed(typed: Mapping[str, str]) -> PullDraft:
    """Return the fields of a submitted form."""
    return PullDraft(**{each.name: typed.get(each.name, "") for each in fields(PullDraft)})


def draft_of(pull: Mapping[str, Any], tag: str) -> PullDraft:
    """Return the form filled with the settings of an existing pull."""
    query, way = pull["query"] or {}, pull["authentication"]
    return PullDraft(
        title=str(pull["title"]),
        address=str(pull["address"]),
        way=str(way["kind"]),
        user=str(way["user"]),
        filter=str(pull["filter"]),
        expression=str(query.get("expression", "")),
        record=str(query.get("record", "")),
        step=str(query.get("step_seconds", 60)),
        every=str(pull["every_seconds"]),
        source=str(pull["source"]),
        path=str(pull["path"]),
        night=str(pull["reconcile_at"]),
        zone=str(pull["zone"]),
        cancels="yes" if pull["cancels_missing"] else "",
        mapping=str(pull["mapping"]),
        tag=tag,
    )


def new_draft(reader: Reader, tool: Mapping[str, Any]) -> PullDraft:
    """Return the form for a new pull, filled with the defaults of the tool's connector."""
    empty = PullDraft(way=str(tool["authentication"][0]), path=str(tool["path"]), zone=reader.zone.key)
    return replace(empty, mapping=str(tool["mapping"]), every="60" if tool["reads"] == "outages" else "300")


def empty_fields(reader: Reader, draft: PullDraft, reads: str) -> dict[str, str]:
    """Return field → what to write into it, for fields that must not be empty."""
    errors = {}
    if not draft.title:
        errors["title"] = reader.gettext("Write what is asked, such as Finance desk.")
    if not draft.address:
        errors["address"] = reader.gettext("Write the address of the tool, such as https://desk.acme.example.")
    if reads == "samples" and not draft.expression:
        errors["expression"] = reader.gettext("Write what to ask for, such as max by (job) (up).")
    return errors


def body_of(draft: PullDraft, secret: str, reads: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the request body for the API.

    ``known`` is the pull that is changed, None for a new one; parts of its query that the form does not show are kept.
    Empty fields are left out: a new pull gets its connector's defaults, and a changed pull keeps what it has. Only the
    filter of a changed pull can be made empty.
    """
    has_user = draft.way in ("basic", "oauth")
    given: dict[str, Any] = {
        "title": draft.title,
        "address": draft.address,
        "authentication": {"kind": draft.way, "user": draft.user if has_user else ""},
        "every_seconds": int(draft.every),
        "source": draft.source,
        "path": draft.path,
    }
    if reads == "samples":
        before = dict((known or {}).get("query") or {})
        asked = {"expression": draft.expression, "record": draft.record, "step_seconds": int(draft.step)}
        given["query"] = {**before, **asked}
    else:
        given |= {"reconcile_at": draft.night, "zone": draft.zone, "mapping": draft.mapping}
    if reads == "tickets":
        given["cancels_missing"] = draft.cancels == "yes"
    if reads == "tickets" and (draft.filter or known):
        given["filter"] = draft.filter
    found = {name: value for name, value in given.items() if value != "" or (name == "filter" and known)}
    if known and str(known["mapping"]).strip() == draft.mapping:
        # A browser sends a text without its last line break: the mapping has not changed.
        found.pop("mapping", None)
    return {**found, "secret": secret} if secret else found


def errors_of(refused: Mapping[str, str]) -> dict[str, str]:
    """Return field of the form → error.

    ``refused``: field of the API → what to send instead. If the form has no such field, the error is under ``form``.
    """
    errors = {}
    for name, remedy in refused.items():
        own = API_NAMES.get(name, name.partition(".")[0])
        is_known = own in _OWN or own in API_NAMES.values()
        is_named = is_known and name in (own, *API_NAMES)
        errors[own if is_known else "form"] = remedy if is_named else f"{name}: {remedy}"
    return errors


def lengths(reader: Reader, seconds: str, usual: tuple[int, ...]) -> list[tuple[str, str]]:
    """Return the lengths of time to choose from, as pairs of seconds and words.

    They are ``usual`` (in seconds) and the present length, ``seconds``.
    """
    present = {int(seconds)} if seconds.isdecimal() else set()
    return [(str(each), reader.length(each * SECOND)) for each in sorted({*usual, *present})]


def choices(reader: Reader, draft: PullDraft, tool: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the options of each list of the form: field → pairs of value and words."""
    return {
        "way": [(str(each), proof_in_words(reader, str(each))) for each in tool["authentication"]],
        "every": lengths(reader, draft.every, _EVERY),
        "step": lengths(reader, draft.step, _STEPS),
    }
