"""``/api/v1/search``: find agreements, targets, services, parties and people by words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from slm_agreement.adapters import search_queries
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.response_models import Answer, list_of

router = APIRouter(prefix="/api/v1/search", tags=["search"])

Kind = Literal["agreement", "service", "party", "target", "person"]


class SearchHitResponse(Answer):
    """An object that the search found."""

    kind: Kind
    """Kind of the object"""
    id: str
    """Id of the agreement, target, service, party or person"""
    title: str
    """Name or title for people"""
    subtitle: str
    """Agreement: name of its other party. Target: title of its agreement. Service: its outcome. Party: its key. Person:
    the mail address
    """
    agreement_id: str | None
    """Id of the agreement, for an agreement or a target; null for all other objects"""


@router.get("", **operation("Search by words in names and keys", list_of(SearchHitResponse)))
async def search_everything(
    caller: Caller,
    database: TheDatabase,
    page: Paging,
    q: Annotated[str, Query(max_length=200, description="Words or their beginnings, such as `check avail`")],
    kind: Annotated[Kind | None, Query(description="Only hits of this kind")] = None,
) -> dict[str, Any]:
    """Find agreements, targets, services, parties and people that you may see, the best matches first.

    Each word of `q` is the beginning of a word in the title, name, key or a reference to another system; case and
    accents make no difference. For an agreement, the names of its parties are searched too. The titles of agreements
    and targets are those of the version signed last or, if none is signed, of the newest version that you may see.
    """
    rows = await search_queries.search_entries(database, caller, page, q, kind)
    return page.shape(rows, lambda row: [row["rank"], row["place"], row["title_words"], row["id"]], _hit)


def _hit(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("kind", "id", "title", "subtitle", "agreement_id")}
