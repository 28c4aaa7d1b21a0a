"""Requests that every page sends for the names of companies and services, and the Directory made from the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.api_client import Api, Part, Whole
from slm_console.views.directory import Directory, directory_of
from slm_console.views.holding import HoldersOfItems
from slm_console.views.navigation import EVERYWHERE, Reach

_MANY = {"limit": "500"}
_ME = "/api/v1/me"
WHO: Mapping[str, str | Whole] = {
    "me": _ME,
    "parties": Whole("/api/v1/parties", _MANY),
    "services": Whole("/api/v1/services", _MANY),
}
"""Requests for ``Api.gather``: the reader, the companies and the services."""


def directory_from(parts: Mapping[str, Part]) -> Directory:
    """Return the Directory made from the answers to the requests in WHO."""
    return directory_of(parts["me"].data, parts["parties"].items, parts["services"].items)


def who_reads(api: Api) -> dict[str, str]:
    """Return the reader's name and company from the cached answer of an earlier page; both are empty if there is no
    such answer.

    This function sends no request, because every page calls it to say who is signed in.
    """
    me = _last_me(api)
    name = (me.get("person") or {}).get("name") or me.get("name") or ""
    return {"name": str(name), "company": str((me.get("party") or {}).get("name") or "")}


def reach_of(api: Api) -> Reach:
    """Return the Reach of the reader, on which the navigation depends, from the cached answer of an earlier page.

    Without such an answer, the navigation offers every place.
    """
    me = _last_me(api)
    if not me:
        return EVERYWHERE
    # An answer that was cached before an update may lack the two sides.
    sides = bool(me.get("is_provider", True)), bool(me.get("is_customer", True))
    return Reach(frozenset(me.get("roles") or ()), *sides, is_known=True)


def _last_me(api: Api) -> Mapping[str, Any]:
    kept = api.services.last.find(api.key, (_ME, {})) if api.key else None
    return (kept and kept[1]) or {}


def is_guest(api: Api) -> bool:
    """Whether the reader is a guest of one agreement, as far as the cached answer of an earlier page tells."""
    return bool(_last_me(api).get("limited_to"))


HELD: Mapping[str, Whole] = {
    "assignments": Whole("/api/v1/assignments", _MANY),
    "people": Whole("/api/v1/people", _MANY),
}
"""Requests for ``Api.gather``: assignments and snoozes of breaches, risks and causes, and the company's people."""


def snoozed_rows(part: Part) -> set[str]:
    """Return the keys of the rows that the reader has snoozed, such as ``breach/ID``."""
    return {f"{each['kind']}/{each['item_id']}" for each in part.items if each["is_snoozed"]}


def holding_from(parts: Mapping[str, Part], directory: Directory) -> HoldersOfItems:
    """Return to whom each breach, risk or cause is assigned, from the answers to the requests in HELD."""
    people = {str(each["person_id"]): str(each["name"]) for each in parts["people"].items}
    held = {
        f"{each['kind']}/{each['item_id']}": str(each["assigned_to"])
        for each in parts["assignments"].items
        if each["assigned_to"]
    }
    may_assign = directory.has_role("service_level_manager", "integrator")
    return HoldersOfItems(people, held, may_assign, reader=directory.person)
