"""Requests that every page sends for the names of companies and services, and the Directory made from the answers."""

from __future__ import annotations

from collections.abc import Mapping

from slm_console.api_client import Api, Part, Whole
from slm_console.views.directory import Directory, directory_of
from slm_console.views.holding import HoldersOfItems

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
    """Return the reader's name and company from the cached answer of an earlier page; both are empty without one.

    It sends no request, so that no page needs one more just to say who is signed in.
    """
    kept = api.services.last.find(api.key, (_ME, {})) if api.key else None
    me = (kept and kept[1]) or {}
    name = (me.get("person") or {}).get("name") or me.get("name") or ""
    return {"name": str(name), "company": str((me.get("party") or {}).get("name") or "")}


HELD: Mapping[str, Whole] = {
    "assignments": Whole("/api/v1/assignments", _MANY),
    "people": Whole("/api/v1/people", _MANY),
}
"""Requests for ``Api.gather``: assignments and snoozes of breaches, risks and causes, and the company's people."""


def snoozed_rows(part: Part) -> set[str]:
    """Return the keys of the rows that the reader has snoozed, such as ``breach/ID``."""
    return {f"{each['kind']}/{each['item_id']}" for each in part.items if each["is_snoozed"]}


def holding_from(parts: Mapping[str, Part], directory: Directory) -> HoldersOfItems:
    """Return who holds which breach, risk or cause, from the answers to the requests in HELD."""
    people = {str(each["person_id"]): str(each["name"]) for each in parts["people"].items}
    held = {
        f"{each['kind']}/{each['item_id']}": str(each["assigned_to"])
        for each in parts["assignments"].items
        if each["assigned_to"]
    }
    may_assign = directory.has_role("service_level_manager", "integrator")
    return HoldersOfItems(people, held, may_assign, reader=directory.person)
