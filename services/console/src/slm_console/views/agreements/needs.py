"""View model of a customer's needs: which ones an agreement's promises meet, and who may record one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory

FIELD, SHOWN = "needs", "needs-shown"
"""The names of the checkboxes, and of the hidden field that tells a form without a tick from one without checkboxes."""


@dataclass(frozen=True)
class NeedChoice:
    """A need of the customer in the editor, with whether the document says that its promises meet it."""

    requirement_id: str
    key: str
    text: str
    outcome: str
    is_met: bool


def choices_of(
    agreement: Mapping[str, Any], document: Mapping[str, Any], requirements: Sequence[Mapping[str, Any]]
) -> list[NeedChoice]:
    """Return the needs that the agreement's customer recorded for its service, in the order of the list.

    The document names a need by its id, or by its key where somebody wrote it as text.
    """
    named = document.get("requirements")
    met = {str(each) for each in named} if isinstance(named, list) else set()
    pair = (agreement["customer_party_id"], agreement["service_id"])
    return [
        NeedChoice(
            each["requirement_id"],
            each["key"],
            each["text"],
            each["outcome"],
            bool(met & {each["requirement_id"], each["key"]}),
        )
        for each in requirements
        if (each["customer_party_id"], each["service_id"]) == pair
    ]


def with_choice(document: Mapping[str, Any], shown: Sequence[NeedChoice], chosen: Sequence[str]) -> dict[str, Any]:
    """Return the document that names the chosen needs; those that were not shown stay as they are."""
    offered = {each.requirement_id for each in shown}
    written = document.get("requirements")
    names = offered | {each.key for each in shown}
    kept = [each for each in written if each not in names] if isinstance(written, list) else []
    return {**document, "requirements": [*kept, *(each for each in chosen if each in offered)]}


def may_record(directory: Directory, service: Mapping[str, Any]) -> bool:
    """Whether the reader may record what his company needs of a service: a manager of another company than its
    provider's.
    """
    return directory.has_role("service_level_manager") and service["provider_party_id"] != directory.own
