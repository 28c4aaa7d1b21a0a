"""View model of a customer's requirements: which of them an agreement names as met, and who may record one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.directory import Directory

FIELD, SHOWN = "needs", "needs-shown"
"""``FIELD``: the name of all checkboxes. ``SHOWN``: the name of a hidden field beside them. A form without any tick
sends no checkbox, and only this field tells it from a form that had no checkboxes.
"""


@dataclass(frozen=True)
class NeedChoice:
    """A requirement of the customer, as a checkbox in the editor of an agreement."""

    requirement_id: str
    key: str
    text: str
    outcome: str
    is_met: bool
    """Whether the document names the requirement as met: then the box is ticked."""


def choices_of(
    agreement: Mapping[str, Any], document: Mapping[str, Any], requirements: Sequence[Mapping[str, Any]]
) -> list[NeedChoice]:
    """Return the requirements that the agreement's customer recorded for its service, in the order of ``requirements``.

    The document names a requirement by its id, or by its key if a person wrote the document as text.
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
    """Return the document with the requirements that the user ticked: ``chosen`` holds their ids.

    A requirement of ``shown`` that is not chosen is removed. Requirements that were not shown stay as they are.
    """
    offered = {each.requirement_id for each in shown}
    written = document.get("requirements")
    names = offered | {each.key for each in shown}
    kept = [each for each in written if each not in names] if isinstance(written, list) else []
    return {**document, "requirements": [*kept, *(each for each in chosen if each in offered)]}


def may_record(directory: Directory, service: Mapping[str, Any]) -> bool:
    """Whether the reader may record what their company needs of a service.

    The reader must be a service level manager, and another company must provide the service.
    """
    return directory.has_role("service_level_manager") and service["provider_party_id"] != directory.own
