"""The form to make or change a ticket writer: its fields, and the request body that they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.pulls import proof_in_words
from slm_console.views.connections.writers import FIGURES
from slm_console.views.reader import Reader

API_NAMES = {
    "authentication.kind": "way", "authentication": "way", "authentication.user": "user", "time_zone": "zone",
    "fields": "due_at", **{f"fields.{name}": name for name in FIGURES},
}  # fmt: skip
"""Field of the API → field of the form, where the names differ."""
_OWN = frozenset({"title", "address", "secret", "source", "clocks", *FIGURES, "way", "user", "zone"})


@dataclass(frozen=True, slots=True)
class WriterDraft:
    """The values of the form, as text. The secret is left out, because no page may show it again.

    - ``way``, ``user``: how the writer proves itself.
    - ``due_at``, ``state``, ``breached``: the tool's field for each figure, empty if the figure is not written.
    - ``clocks``: the kinds of clocks that count; empty: all. ``zone``: time zone of dates.
    - ``begins``: ``yes`` if a new writer writes into the open tickets at once.
    - ``tag``: entity tag of the writer that was shown, empty for a new writer.
    """

    title: str = ""
    address: str = ""
    way: str = ""
    user: str = ""
    source: str = ""
    due_at: str = ""
    state: str = ""
    breached: str = ""
    zone: str = ""
    begins: str = ""
    tag: str = ""
    clocks: Sequence[str] = ()


def draft_typed(typed: Mapping[str, str], clocks: Sequence[str]) -> WriterDraft:
    """Return the fields of a submitted form. A slash at the end of the address is left out."""
    names = [name for name in WriterDraft.__dataclass_fields__ if name != "clocks"]
    given = {name: typed.get(name, "").strip() for name in names}
    return WriterDraft(**{**given, "address": given["address"].rstrip("/")}, clocks=tuple(clocks))


def draft_of(writer: Mapping[str, Any], tag: str) -> WriterDraft:
    """Return the form for a known writer."""
    fields = {name: str(writer["fields"][name] or "") for name in FIGURES}
    return WriterDraft(
        title=str(writer["title"]),
        address=str(writer["address"]),
        way=str(writer["authentication"]["kind"]),
        user=str(writer["authentication"]["user"]),
        source=str(writer["source"]),
        zone=str(writer["time_zone"]),
        clocks=tuple(map(str, writer["clocks"])),
        tag=tag,
        **fields,
    )


def new_draft(reader: Reader, tool: Mapping[str, Any], sources: Sequence[str]) -> WriterDraft:
    """Return the form for a new writer of a tool, with the defaults of its connector.

    ``sources``: the sources of the hooks and pulls of the tool; the first is proposed, because its tickets are known.
    """
    fields = {name: str(tool["fields"][name] or "") for name in FIGURES}
    source = sources[0] if sources else str(tool["source"])
    return WriterDraft(way=str(tool["authentication"][0]), source=source, zone=reader.zone.key, **fields)


def missing_fields(reader: Reader, draft: WriterDraft) -> dict[str, str]:
    """Return field → what to write into it, for fields that must not be empty."""
    errors = {}
    if not draft.title:
        errors["title"] = reader.gettext("Write what the writer is for, such as Due dates of the finance desk.")
    if not draft.address:
        errors["address"] = reader.gettext("Write the address of the tool, such as https://desk.acme.example.")
    if not draft.source:
        errors["source"] = reader.gettext("Write the name under which the tool's tickets come in, such as zammad.")
    if not (draft.due_at or draft.state or draft.breached):
        errors["due_at"] = reader.gettext("Name at least one field of the tool.")
    return errors


def writer_body(draft: WriterDraft, connector: str, secret: str, *, is_paused: bool) -> dict[str, Any]:
    """Return the request body. A secret that was not typed is left out."""
    body: dict[str, Any] = {
        "title": draft.title,
        "connector": connector,
        "address": draft.address,
        "source": draft.source,
        "authentication": {"kind": draft.way, "user": draft.user if draft.way == "basic" else ""},
        "fields": {name: getattr(draft, name) or None for name in FIGURES},
        "clocks": list(draft.clocks),
        "time_zone": draft.zone or "UTC",
        "paused": is_paused,
    }
    return {**body, "secret": secret} if secret else body


def errors_of(refused: Mapping[str, str]) -> dict[str, str]:
    """Return field of the form → message, from the API's wrong fields. Messages of other fields are under ``form``."""
    errors = {}
    for name, remedy in refused.items():
        own = API_NAMES.get(name, name.partition(".")[0])
        errors[own if own in _OWN else "form"] = remedy if own in _OWN else f"{name}: {remedy}"
    return errors


def ways_of(reader: Reader, tool: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the ways in which a writer can prove itself to the tool: value and words."""
    return [(str(each), proof_in_words(reader, str(each))) for each in tool["authentication"]]
