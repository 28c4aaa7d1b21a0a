"""Requests and template variables that all pages of one agreement share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from slm_console.api_client import NotFound, Part, ServiceAway, Whole
from slm_console.last_answers import Query
from slm_console.views.agreements.listing import kind_in_words
from slm_console.views.agreements.standing import OPEN, SIGNED, awaited_from, is_on_record, missing_of, standing_of
from slm_console.views.directory import Directory
from slm_console.web.directories import WHO, directory_from
from slm_console.web.visit import Visit

VERSION = "version"
"""Query parameter with the number of the agreement's version, such as an amendment. Without it, the API chooses one."""


def version_asked(visit: Visit) -> dict[str, str]:
    """Return the version in the page's address, as a parameter for the API; empty if there is none.

    Raises NotFound if it is not a number.
    """
    asked = visit.request.query_params.get(VERSION, "")
    if asked and not (asked.isascii() and asked.isdecimal() and len(asked) < 7):
        raise NotFound(404, {})
    return {VERSION: asked} if asked else {}


def address(visit: Visit, agreement_id: str, path: str = "", **parameters: str) -> str:
    """Return the path of a page of the agreement, with the version of the current page.

    ``path`` is relative to the agreement's page and may end with a fragment.
    """
    given = urlencode({**version_asked(visit), **parameters})
    place, mark, fragment = path.partition("#")
    return f"/agreements/{agreement_id}{place}{'?' if given else ''}{given}{mark}{fragment}"


async def ask(visit: Visit, agreement_id: str, **more: str | Query | Whole) -> tuple[Directory, dict[str, Part]]:
    """Send requests for an agreement, for the companies and services, and the requests in ``more``.

    Raises NotFound and ServiceAway.
    """
    agreement = (f"/api/v1/agreements/{agreement_id}", version_asked(visit))
    parts = await visit.api.gather(**WHO, agreement=agreement, **more)
    if parts["agreement"].missing:
        raise NotFound(404, {})
    if parts["agreement"].data is None:
        raise ServiceAway(parts["agreement"].away)
    visit.api.absent.is_subject_old = bool(parts["agreement"].away)
    if (parts["me"].data or {}).get("limited_to"):
        visit.only_page = f"/agreements/{agreement_id}"
    return directory_from(parts).knowing(parts["agreement"].data), parts


def _is_for_reader(agreement: Mapping[str, Any], act: str) -> bool:
    """Whether the agreement needs this act (such as ``answer``) from the reader now, by the API's field ``needs``."""
    version = agreement["version"]
    return any(each["need"] == act and each["yours"] and each["version"] == version for each in agreement["needs"])


def edit_purpose(directory: Directory, agreement: Mapping[str, Any]) -> str:
    """Return what the reader may write now: ``draft``, ``counter`` (changes to a proposal) or ``amend``.

    Empty if the reader may not write anything.
    """
    state = agreement["state"]
    if not directory.has_role("service_level_manager"):
        return ""
    if state == "draft":
        return "draft"
    if state in ("proposed", "countered"):
        return "counter" if awaited_from(agreement) == directory.own else ""
    is_open = any(each["state"] in OPEN for each in agreement["versions"])
    return "amend" if state in SIGNED and not is_open and not is_on_record(agreement) else ""


def negotiated_beside(agreement: Mapping[str, Any]) -> int | None:
    """Return the number of the version that is being negotiated.

    None if no version is being negotiated, or if it is the version that the page shows.
    """
    found = [each["version"] for each in agreement["versions"] if each["state"] in OPEN]
    return max(found) if found and max(found) != agreement["version"] else None


def draft_beside(agreement: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the draft of the agreement that is not the shown version, as an entry of ``versions``; None if there is
    none.

    The API lists only drafts of the reader's company, and drafts that answer a target revision proposal, which both
    sides see.
    """
    return next(
        (
            each
            for each in agreement["versions"]
            if each["state"] == "draft" and each["version"] != agreement["version"]
        ),
        None,
    )


def head_of(visit: Visit, directory: Directory, agreement: Mapping[str, Any], tab: str) -> dict[str, Any]:
    """Return the template variables for the head of an agreement's page: names, state, and what the reader may do."""
    side = directory.side(agreement)
    is_manager = directory.has_role("service_level_manager")
    may_sign_for_side = directory.has_role("provider_signatory" if side == "provider" else "business_signatory")
    # A guest may at most read, comment on, answer and sign the one agreement for which the link was mailed.
    is_guest = bool(visit.only_page)
    agreement_id, state = str(agreement["agreement_id"]), agreement["state"]
    awaited = awaited_from(agreement) == directory.own
    is_to_sign = state == "agreed" and missing_of(agreement, side)
    return {
        "agreement": agreement,
        "kind": kind_in_words(visit.reader, agreement["kind"]),
        "standing": standing_of(visit.reader, directory, agreement),
        "provider": directory.company(agreement["provider_party_id"]),
        "customer": directory.company(agreement["customer_party_id"]),
        "other": directory.company(directory.other(agreement)),
        "service": directory.service(agreement["service_id"]),
        "tab": tab,
        "at": lambda path, **parameters: visit.prefix + address(visit, agreement_id, path, **parameters),
        "amendment": negotiated_beside(agreement),
        "draft_beside": draft_beside(agreement),
        "edits": "" if is_guest else edit_purpose(directory, agreement),
        "may_settle": not is_guest
        and directory.has_role("service_level_manager", "provider_signatory", "business_signatory"),
        "may_withdraw": is_manager and not is_guest and state in OPEN,
        # The company that received a proposal ends the negotiation instead of withdrawing something of its own.
        "is_receiver": agreement.get("drafting_party_id") not in (None, directory.own),
        "may_end": (is_manager if is_on_record(agreement) else may_sign_for_side) and not is_guest and state in SIGNED,
        "may_test": is_manager and not is_guest and state in OPEN,
        "may_propose": is_manager and agreement["state"] == "draft",
        "may_answer": awaited and not directory.only_reads and _is_for_reader(agreement, "answer"),
        "may_comment": not directory.only_reads,
        "may_change": is_manager,
        "may_sign": may_sign_for_side and is_to_sign,
        "waits_for_signature": is_to_sign and not may_sign_for_side,
    }
