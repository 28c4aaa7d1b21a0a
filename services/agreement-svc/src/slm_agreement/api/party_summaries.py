"""``/api/v1/party-summaries``, ``/parties/…/summary``: customers and suppliers, and people who may sign for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from slm_agreement.adapters import party_queries
from slm_agreement.adapters.sql_ledger import person_from_row
from slm_agreement.api.responses.parties import PartyResponse
from slm_agreement.api.shapes import instant_text, party_json
from slm_agreement.domain.people.people import SIGNATORY_ROLES, Party
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import Answer, Instant, list_of

router = APIRouter(prefix="/api/v1", tags=["parties"])


class PartySummaryResponse(PartyResponse):
    """A party with the number and dates of your agreements with it.

    Each agreement counts by the version shown in lists: the one signed last or, if none is signed, the newest.
    """

    is_customer: bool
    """Whether this party is the customer in an agreement with your party; agreements of every state that you see count
    """
    is_supplier: bool
    """Whether this party is the provider in an agreement with your party; agreements of every state that you see count
    """
    agreements: int
    """Number of agreements with your party"""
    signed: int
    """How many of these agreements are signed and have not ended"""
    negotiated: int
    """How many of these agreements are being negotiated for the first time"""
    next_end_at: Instant | None
    """When the next of the signed agreements ends; null: none has an end"""
    next_notice_at: Instant | None
    """Each signed agreement has a last instant at which notice can be given: the earliest of these, which may have
    passed. Null: no notice is agreed
    """


class SignerResponse(Answer):
    """A person who may sign for a party, or has signed."""

    person_id: str
    """Id of the person (UUID)"""
    name: str
    """Name of the person"""
    side: Literal["provider", "customer"]
    """The side for which the person signs"""
    mandate: str
    """The mandate, in words"""
    holds: bool | None
    """Whether the mandate is valid now; null: only signatures are known of the other party's people"""
    signed_at: Instant | None
    """When the person last signed an agreement with your party; null: the person is of your own party"""


class PartyWithSignersResponse(PartySummaryResponse):
    """Response: a party with the number and dates of your agreements with it, and the people who sign for it."""

    signers: list[SignerResponse]
    """For your own party, everybody with a mandate; for another party, the people who have signed agreements with yours
    """


@router.get("/party-summaries", **operation("List your customers and suppliers", list_of(PartySummaryResponse)))
async def list_party_summaries(
    caller: Caller,
    database: TheDatabase,
    page: Paging,
    relation: Annotated[
        Literal["customer", "supplier"] | None,
        Query(description="Only customers or only suppliers, by an agreement with your party"),
    ] = None,
) -> dict[str, Any]:
    """List the parties related to yours, in the order of their names.

    Each has the number of your agreements with it.
    """
    rows = await party_queries.fetch_party_summaries(database, caller, page, relation)
    return page.shape(rows, lambda row: [row["name"], row["party_id"]], _shape)


@router.get(
    "/parties/{party_id}/summary", **operation("Read a party with counts of its agreements", PartyWithSignersResponse)
)
async def get_party_summary(party_id: str, caller: Caller, database: TheDatabase, clock: TheClock) -> dict[str, Any]:
    """Read a party with the number of your agreements with it, and the people who sign for it."""
    row = await party_queries.fetch_party_summary(database, caller, party_id)
    if row is None:
        raise not_found("party", party_id)
    if caller.is_operator or caller.party_id == party_id:
        people = await party_queries.fetch_people_with_mandates(database, party_id)
        signers = [line for each in people for line in _with_mandates(each, clock.now())]
    else:
        signers = [_signer(each) for each in await party_queries.fetch_signers(database, caller, party_id)]
    return {**_shape(row), "signers": sorted(signers, key=lambda line: (line["name"], line["side"]))}


def _shape(row: Mapping[Any, Any]) -> dict[str, Any]:
    plain = party_json(Party(row["party_id"], row["key"], row["name"], row["external_refs"]))
    return {
        **plain,
        "is_customer": bool(row["is_customer"]),
        "is_supplier": bool(row["is_supplier"]),
        **{name: row[name] or 0 for name in ("agreements", "signed", "negotiated")},
        "next_end_at": instant_text(row["next_end_at"]),
        "next_notice_at": instant_text(row["next_notice_at"]),
    }


def _with_mandates(row: Mapping[Any, Any], now: int) -> list[dict[str, Any]]:
    person = person_from_row(**row)
    sides = {role: side for side, role in SIGNATORY_ROLES.items()}
    return [
        {
            "person_id": person.person_id,
            "name": person.name,
            "side": sides[mandate.role],
            "mandate": mandate.text or mandate.role,
            "holds": mandate.holds_at(now),
            "signed_at": None,
        }
        for mandate in person.mandates
    ]


def _signer(row: Mapping[Any, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("person_id", "name", "side", "mandate")}
    return {**shown, "holds": None, "signed_at": instant_text(row["signed_at"])}
