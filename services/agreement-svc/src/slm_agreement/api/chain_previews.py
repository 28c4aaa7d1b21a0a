"""``/api/v1/chain-previews``: compute the combined effect of supporting promises without storing anything."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from slm_agreement.api.responses.chains import ChainPreviewResponse
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import InvalidSupportStructure, SupportGroup
from slm_calendar import coverage, durations, intervals, service_hours
from slm_calendar.errors import CalendarError
from slm_calendar.local_time import SECOND
from slm_chassis.http import instants
from slm_chassis.http.access import authenticate
from slm_chassis.http.json_types import Day
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_events.instants import to_text

router = APIRouter(prefix="/api/v1/chain-previews", tags=["chain-previews"], dependencies=[Depends(authenticate)])

Percent = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,30})?$", examples=["99.9"])]
Length = Annotated[str, Field(max_length=100, examples=["PT30M"])]
Names = Annotated[dict[str, Percent], Field(min_length=1, max_length=1000)]
_MOST_GAPS = 1000
_LONGEST = 3660 * 86_400 * SECOND


class _ChainQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class AvailabilityChainPreviewRequest(_ChainQuestion):
    """Question of a chain preview: do the supporting agreements together achieve this availability?"""

    at_least: Percent
    """Percent that is promised"""
    structure: str | dict[str, Any]
    """How the supporting agreements are combined: a name, `{"serial": […]}` or `{"k_of_n": {"k", "members": […]}}`,
    also nested
    """
    supports: Names
    """Name of a supporting agreement → percent that it promises"""


class DurationChainPreviewRequest(_ChainQuestion):
    """Question of a chain preview: is the sum of the supporting agreements' durations within the promised duration?

    The sum follows a path of agreements: if an agreement occurs twice in the path, its duration is added twice.
    """

    at_most: Length
    """Duration that is promised (ISO 8601)"""
    path: Annotated[list[str], Field(min_length=1, max_length=1000)]
    """Names of the supporting agreements along the path; a name may occur several times"""
    supports: Annotated[dict[str, Length], Field(max_length=1000)]
    """Name of a supporting agreement → duration that it promises (ISO 8601)"""


class HoursChainPreviewRequest(_ChainQuestion):
    """Question of a chain preview: do the supporting service hours cover the promised ones between two instants?"""

    required: str | dict[str, Any]
    """Service hours that are promised: `24x7`, or an object as in the terms"""
    provided: str | dict[str, Any]
    """Service hours that the supporting agreement promises: `24x7`, or an object as in the terms"""
    start: str = Field(alias="from", examples=["2026-01-01T00:00:00Z"])
    """First instant that is compared (RFC 3339)"""
    end: str = Field(alias="to", examples=["2027-01-01T00:00:00Z"])
    """First instant that is no longer compared (RFC 3339)"""


class TermChainPreviewRequest(_ChainQuestion):
    """Question of a chain preview: do the terms of supporting agreements cover the term?

    A term is given as its first and its last day, both included.
    """

    required: tuple[Day, Day]
    """First and last day of the promised term"""
    supports: Annotated[list[tuple[Day, Day]], Field(max_length=1000)]
    """First and last day of each supporting agreement"""


class SupportRecoveryRequest(_ChainQuestion):
    """The recovery time and recovery point that a supporting agreement promises."""

    rto: Length
    """Recovery time that the supporting agreement promises (ISO 8601)"""
    rpo: Length
    """Recovery point that the supporting agreement promises (ISO 8601)"""


class RecoveryChainPreviewRequest(_ChainQuestion):
    """Question of a chain preview: do the supporting agreements keep the promised recovery time and recovery point?"""

    order: Literal["one_after_the_other", "side_by_side"] = "one_after_the_other"
    """Whether parts are restored one after the other or side by side"""
    rto_at_most: Length
    """Recovery time that is promised (ISO 8601)"""
    rpo_at_most: Length
    """Recovery point that is promised (ISO 8601)"""
    structure: str | dict[str, Any]
    """How the supporting agreements are combined: a name, `{"serial": […]}` or `{"k_of_n": {"k", "members": […]}}`,
    also nested
    """
    supports: Annotated[dict[str, SupportRecoveryRequest], Field(min_length=1, max_length=1000)]
    """Name of a supporting agreement → its recovery time and point"""


class ChainPreviewRequest(_ChainQuestion):
    """Request body of a chain preview, which computes whether supporting agreements are enough for a promise.

    Each field asks one question: about `availability`, `durations`, `hours`, `term` or `recovery`. A request may ask
    several of them.
    """

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [
                {
                    "availability": {
                        "at_least": "99.5",
                        "structure": {"serial": ["app", {"k_of_n": {"k": 1, "members": ["db-1", "db-2"]}}]},
                        "supports": {"app": "99.9", "db-1": "99", "db-2": "98"},
                    },
                    "durations": {
                        "at_most": "PT2H",
                        "path": ["desk", "supplier"],
                        "supports": {"desk": "PT30M", "supplier": "PT45M"},
                    },
                }
            ]
        },
    )

    availability: AvailabilityChainPreviewRequest | None = None
    """Do the supporting agreements achieve the availability?"""
    durations: DurationChainPreviewRequest | None = None
    """Is the sum of the durations along the path within the promised duration?"""
    hours: HoursChainPreviewRequest | None = None
    """Do the supporting service hours cover the required ones?"""
    term: TermChainPreviewRequest | None = None
    """Do the supporting agreements cover the term?"""
    recovery: RecoveryChainPreviewRequest | None = None
    """Do the supporting agreements keep recovery time and recovery point?"""


@router.post("", **operation("Preview whether supporting promises are enough", ChainPreviewResponse))
def preview_chain(asked: ChainPreviewRequest) -> dict[str, Any]:
    """Compute what supporting agreements achieve together, without storing anything.

    If they are not enough, the answer says what is missing: for an availability, what each supporting agreement would
    have to promise; for durations, by how much they are too long; for service hours, the gaps; for a term, the first
    day that is not covered. Percents are exact fractions, durations and gaps are exact to the second.
    """
    try:
        return {
            **({} if asked.availability is None else {"availability": _availability(asked.availability)}),
            **({} if asked.durations is None else {"durations": _durations(asked.durations)}),
            **({} if asked.hours is None else {"hours": _hours(asked.hours)}),
            **({} if asked.term is None else {"term": _term(asked.term)}),
            **({} if asked.recovery is None else {"recovery": _recovery(asked.recovery)}),
        }
    except InvalidSupportStructure as error:
        raise invalid("structure", None, str(error)) from error
    except KeyError as error:
        raise invalid("supports", error.args[0], "say what each support of the structure promises") from error
    except CalendarError as error:
        detail = "Correct the durations or service hours that are listed."
        raise Problem(422, "invalid-request", "The request is not valid", detail, error.errors) from error


def _availability(asked: AvailabilityChainPreviewRequest) -> dict[str, Any]:
    structure = chain.parse_support_structure(asked.structure)
    shares = {name: Fraction(percent) / 100 for name, percent in asked.supports.items()}
    objective = Fraction(asked.at_least) / 100
    wrong = next((name for name, share in shares.items() if share > 1), None)
    if wrong is not None or objective > 1:
        raise invalid("supports", wrong or asked.at_least, "write a percent from 0 to 100")
    reached = chain.combined_availability(structure, shares)
    holds = reached >= objective
    answer = {"achievable_percent": str(reached * 100), "holds": holds}
    if not holds:
        needed = chain.needed_shares(structure, shares, objective)
        answer["needed"] = {name: None if share is None else str(share * 100) for name, share in needed.items()}
    return answer


def _durations(asked: DurationChainPreviewRequest) -> dict[str, Any]:
    taken = sum(_length(asked.supports[name], f"supports.{name}") for name in asked.path)
    short = taken - _length(asked.at_most, "at_most")
    answer: dict[str, Any] = {"sum": durations.to_iso(taken), "holds": short <= 0}
    return answer | ({"short_by": durations.to_iso(short)} if short > 0 else {})


def _length(text: str, field: str) -> int:
    length = durations.from_iso(text, field)
    if length < 0:
        raise invalid(field, text, "write a duration that is not negative, such as PT30M")
    return length


def _hours(asked: HoursChainPreviewRequest) -> dict[str, Any]:
    required, provided = (
        service_hours.parse_service_hours(asked.required),
        service_hours.parse_service_hours(asked.provided),
    )
    start, end = instants.read_instant(asked.start, "hours.from"), instants.read_instant(asked.end, "hours.to")
    if not start < end <= start + _LONGEST:
        raise invalid("hours.to", asked.end, "write an instant after from, ten years at most")
    gaps = coverage.uncovered_intervals(required, provided, start, end)
    normal = coverage.compare_normal_week(required, provided, start, end)
    return {
        "contained": not gaps,
        "uncovered_seconds": intervals.total_length(gaps) // SECOND,
        "normal_week": {"uncovered_seconds": normal.uncovered_time // SECOND, "uncovered": normal.to_document()},
        "uncovered": [[to_text(opens), to_text(closes)] for opens, closes in gaps[:_MOST_GAPS]],
    }


def _term(asked: TermChainPreviewRequest) -> dict[str, Any]:
    missing = chain.first_uncovered_day(asked.required, asked.supports)
    return {"covers": missing is None, "first_uncovered_day": None if missing is None else str(missing)}


def _recovery(asked: RecoveryChainPreviewRequest) -> dict[str, Any]:
    structure: str | SupportGroup = chain.parse_support_structure(asked.structure)
    times, losses = _each(asked.supports, "rto"), _each(asked.supports, "rpo")
    rto = chain.combined_recovery_time(structure, times, asked.order == "side_by_side")
    rpo = chain.worst_data_loss(structure, losses)
    return {
        "rto": durations.to_iso(rto),
        "rto_holds": rto <= _length(asked.rto_at_most, "rto_at_most"),
        "rpo": durations.to_iso(rpo),
        "rpo_holds": rpo <= _length(asked.rpo_at_most, "rpo_at_most"),
    }


def _each(supports: Mapping[str, SupportRecoveryRequest], name: str) -> dict[str, int]:
    return {key: _length(getattr(each, name), f"supports.{key}.{name}") for key, each in supports.items()}
