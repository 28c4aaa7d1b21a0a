"""Parts that the Connections pages share: tabs, permissions, and paging of lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.api_client import Part, RefusedRequest
from slm_console.views.directory import Directory
from slm_console.web.visit import Visit

PAGE = "100"
ALL = {"limit": "1000"}
"""Query parameters to read a whole list with as few requests as the API allows."""


def listing(visit: Visit, **filters: str) -> dict[str, str]:
    """Return the API's query parameters for one page of a list: page size, ``filters``, and the address's cursor."""
    cursor = visit.request.query_params.get("cursor", "")
    return {"limit": PAGE, **filters, **({"cursor": cursor} if cursor else {})}


def shell(directory: Directory, tab: str, part: Part) -> Mapping[str, Any]:
    """Return the template variables that all tabs share: tab, API answer, the reader's permissions, and the cursor of
    the next page.
    """
    return {
        "tab": tab,
        "part": part,
        "may_act": directory.has_role("service_level_manager", "integrator", "operator"),
        "is_operator": directory.has_role("operator"),
        "more": part.data.get("next") if part.data else None,
    }


def may_connect(directory: Directory) -> bool:
    """Whether the reader may connect tools of their company. An operator may not: they have no company."""
    return bool(directory.own) and directory.has_role("service_level_manager", "integrator")


def not_saved(visit: Visit, refused: RefusedRequest) -> str:
    """Return why a change was not saved: somebody else changed the same thing meanwhile, or a field is wrong."""
    if refused.status in (412, 428):
        return visit.reader.gettext(
            "Somebody else changed this meanwhile. What you wrote is below and not saved; open the page again to see "
            "theirs."
        )
    return refusal_in_words(refused)


def refusal_in_words(refused: RefusedRequest) -> str:
    """Return the first wrong field and what to write in it; the problem's own text if no field is named."""
    errors: list[Mapping[str, Any]] = list(refused.problem.get("errors") or ())
    return f"{errors[0]['field']}: {errors[0]['remedy']}" if errors else str(refused)
