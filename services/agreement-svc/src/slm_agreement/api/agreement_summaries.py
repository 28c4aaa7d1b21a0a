"""``/api/v1/agreement-summary``, and the response models of agreements in lists and at a glance."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from slm_agreement.adapters import agreement_queries
from slm_agreement.api import me, parties, people, reading_shapes, services
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.agreements import AgreementIdentity, AgreementState, Kind
from slm_agreement.api.responses.catalogue import ServiceResponse
from slm_agreement.api.responses.negotiation import NeededActResponse
from slm_agreement.api.responses.parties import PartyResponse, PersonResponse
from slm_agreement.api.responses.principals import CallerResponse
from slm_agreement.api.shapes import instant_text
from slm_agreement.domain.contracting.needs import NEEDS
from slm_chassis.http.access import Caller, check_scope
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Page
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer, Instant, list_of

router = APIRouter(prefix="/api/v1", tags=["agreements"])
_DAY = 86_400_000_000
_SIGNED_WITHIN = 7 * _DAY
_INCLUDED = Page(500, None)
"""The page of a list that the summary can contain."""


class NegotiatedVersion(Answer):
    """The version of an agreement that is being negotiated."""

    version: int
    """Number of the version"""
    state: Literal["draft", "proposed", "countered", "agreed"]
    """State of the version"""
    title: str
    """Title of the version"""
    timezone: str
    """IANA name of the time zone in which the version's days begin and end"""
    answer_awaited_from: str | None
    """Id of the party whose answer is awaited; null: no answer is awaited"""
    answer_by: Instant | None
    """By when that party is asked to answer; null: there is no deadline"""
    answer_missed: bool
    """Whether `answer_by` has passed without an answer"""


class AgreementSummary(AgreementIdentity):
    """An agreement as an item of a list, with the version that is being negotiated."""

    negotiated: NegotiatedVersion | None
    """The newest version that is being negotiated, which may be the one shown; null: no version is being negotiated"""


class AgreementSummaryLine(Answer):
    """An agreement as it is named in the summary of all agreements."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    agreement_id: str
    """Id of the agreement (UUID)"""
    kind: Kind
    """Kind of agreement"""
    title: str
    """Title of the version"""
    timezone: str
    """IANA name of the time zone in which the version's days begin and end"""
    state: AgreementState
    """State of the version"""
    other_party_id: str
    """Id of the other party"""
    other_party_name: str
    """Name of the other party"""
    service_id: str
    """Id of the service"""
    service_name: str
    """Name of the service"""
    service_outcome: str
    """The business outcome that the service exists for"""


class NeededActLine(NeededActResponse, AgreementSummaryLine):
    """An act that is needed of your party, with the agreement that needs it."""


class EndingVersionLine(AgreementSummaryLine):
    """A signed version that ends soon, or for which notice can be given only a short time longer."""

    version: int
    """Number of the version"""
    ends_at: Instant | None
    """When it ends"""
    last_notice_at: Instant | None
    """The last instant at which notice of the version's end can be given; null: no notice is agreed"""
    end_reason: str
    """Why it was terminated; empty: it ends by its terms"""


class SignedVersionLine(AgreementSummaryLine):
    """A version that both parties signed lately."""

    version: int
    """Number of the version"""
    finalized_at: Instant
    """When the last required signature was given"""
    effective_at: Instant
    """When it takes effect"""


class NeededActsCount(Answer):
    """The number of acts that you may perform yourself, by kind."""

    answer: int
    """Proposed revisions to answer"""
    signature: int
    """Revisions to sign"""
    decision: int
    """Requests and drafted amendments to decide on"""


class AgreementsSummaryResponse(Answer):
    """Response: a summary of your party's agreements: counts, needed acts, approaching ends and recent signatures."""

    as_of: Instant
    """The instant at which the summary was made"""
    counts: dict[AgreementState, int]
    """State → number of agreements whose version shown in lists has this state; states without agreements are left out
    """
    needs_count: NeededActsCount
    """How many acts you may perform yourself"""
    needs: list[NeededActLine]
    """Acts that are needed of your party: first those that you may perform, then by deadline; 200 at most"""
    ending: list[EndingVersionLine]
    """Signed versions that end within `days`, or whose last instant for notice is in that time; the earliest first, 200
    at most
    """
    signed: list[SignedVersionLine]
    """Versions that have not ended and got their last signature within the past 7 days; the latest first, 200 at most
    """
    me: CallerResponse = ABSENT
    """Only with `include=me`: the answer of `GET /me`"""
    parties: list_of(PartyResponse) = ABSENT  # type: ignore[valid-type]
    """Only with `include=parties`: the first page of `GET /parties`, 500 at most"""
    people: list_of(PersonResponse) = ABSENT  # type: ignore[valid-type]
    """Only with `include=people`: the first page of `GET /people`, 500 at most"""
    services: list_of(ServiceResponse) = ABSENT  # type: ignore[valid-type]
    """Only with `include=services`: the first page of `GET /services`, 500 at most"""


@router.get("/agreement-summary", **operation("Count agreements and list what they need", AgreementsSummaryResponse))
async def summarize_agreements(
    caller: Caller,
    database: TheDatabase,
    clock: TheClock,
    ledgers: TheLedgers,
    days: Annotated[int, Query(ge=1, le=3_660, description="How far ahead to look for ends and notice dates")] = 90,
    include: Annotated[
        list[Literal["me", "parties", "people", "services"]] | None,
        Query(description="Answers to add to the summary; repeat it for several"),
    ] = None,
) -> dict[str, Any]:
    """Count your party's agreements by state. List the acts that they need of your party, the agreements that end soon,
    and the agreements that both parties signed lately.

    `include` adds the answers of other routes: who you are, and the first pages of the lists of parties, people and
    services. So you can show names instead of ids. The key's scopes must allow reading each of these resources.
    """
    included = sorted(set(include or ()))
    for resource in included:
        check_scope(caller, resource, "read")
    more: Mapping[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "me": lambda: me.get_me(caller, ledgers, database),
        "parties": lambda: parties.list_parties(caller, database, _INCLUDED),
        "people": lambda: people.list_people(caller, database, _INCLUDED),
        "services": lambda: services.list_services(caller, database, _INCLUDED),
    }
    now = clock.now()
    ending = await agreement_queries.fetch_ending_versions(database, caller, now, now + days * _DAY)
    signed = await agreement_queries.fetch_signed_versions(database, caller, now - _SIGNED_WITHIN)
    return {
        "as_of": instant_text(now),
        "counts": await agreement_queries.count_agreements_by_state(database, caller),
        "needs_count": dict.fromkeys(NEEDS, 0) | await agreement_queries.count_needs_by_kind(database, caller),
        "needs": [
            reading_shapes.needed_act_json(row, caller)
            for row in await agreement_queries.fetch_all_needs(database, caller)
        ],
        "ending": [reading_shapes.ending_version_json(row, caller) for row in ending],
        "signed": [reading_shapes.signed_version_json(row, caller) for row in signed],
        **{name: await more[name]() for name in included},
    }
