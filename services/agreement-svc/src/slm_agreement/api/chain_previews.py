"""``/api/v1/chain-previews``: compute the combined effect of supporting promises without storing anything."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from slm_agreement.api.chain_answers import ChainPreviewAnswer
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import Group, NoStructure
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


class Availability(_ChainQuestion):
    """The availability promised, and those of the supports."""

    at_least: Percent
    """Percent that is promised"""
    structure: str | dict[str, Any]
    """How the supports are combined: a support's name, `{"serial": […]}` or `{"k_of_n": {"k", "members": […]}}`, also
    nested
    """
    supports: Names
    """Support → percent that it promises"""


class Durations(_ChainQuestion):
    """The duration promised and those of the supports along the path, in the same measure."""

    at_most: Length
    """Duration that is promised (ISO 8601)"""
    path: Annotated[list[str], Field(min_length=1, max_length=1000)]
    """The supports along the path; one may be there several times"""
    supports: Annotated[dict[str, Length], Field(max_length=1000)]
    """Support → duration that it promises (ISO 8601)"""


class Hours(_ChainQuestion):
    """The service hours promised and those of the support, compared from ``from`` to ``to``."""

    required: str | dict[str, Any]
    """Service hours that are promised: `24x7`, or an object as in the terms"""
    provided: str | dict[str, Any]
    """The support's service hours: `24x7`, or an object as in the terms"""
    start: str = Field(alias="from", examples=["2026-01-01T00:00:00Z"])
    """First instant that is compared (RFC 3339)"""
    end: str = Field(alias="to", examples=["2027-01-01T00:00:00Z"])
    """First instant that is no longer compared (RFC 3339)"""


class Term(_ChainQuestion):
    """First and last day of the term promised and of each supporting agreement, last days included."""

    required: tuple[Day, Day]
    """First and last day of what is promised"""
    supports: Annotated[list[tuple[Day, Day]], Field(max_length=1000)]
    """First and last day of each supporting agreement"""


class RecoveryOfSupport(_ChainQuestion):
    """The recovery time and recovery point that a support promises."""

    rto: Length
    """Recovery time that it promises (ISO 8601)"""
    rpo: Length
    """Recovery point that it promises (ISO 8601)"""


class Recovery(_ChainQuestion):
    """The recovery time and point promised, and those of the supports."""

    order: Literal["one_after_the_other", "side_by_side"] = "one_after_the_other"
    """Whether the supports are restored one after the other or side by side"""
    rto_at_most: Length
    """Recovery time that is promised (ISO 8601)"""
    rpo_at_most: Length
    """Recovery point that is promised (ISO 8601)"""
    structure: str | dict[str, Any]
    """How the supports are combined: a support's name, `{"serial": […]}` or `{"k_of_n": {"k", "members": […]}}`, also
    nested
    """
    supports: Annotated[dict[str, RecoveryOfSupport], Field(min_length=1, max_length=1000)]
    """Support → its recovery time and point"""


class ChainToPreview(_ChainQuestion):
    """One or more of five questions about supporting agreements."""

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

    availability: Availability | None = None
    """Do the supports reach the availability?"""
    durations: Durations | None = None
    """Is the path short enough?"""
    hours: Hours | None = None
    """Do the support's service hours cover the required ones?"""
    term: Term | None = None
    """Do the supporting agreements cover the term?"""
    recovery: Recovery | None = None
    """Do the supports recover in time?"""


@router.post("", **operation("Preview whether supporting promises are enough", ChainPreviewAnswer))
def preview_chain(asked: ChainToPreview) -> dict[str, Any]:
    """Compute exactly: percents as fractions, lengths and gaps to the second. A shortfall comes with its remedy."""
    try:
        return {
            **({} if asked.availability is None else {"availability": _availability(asked.availability)}),
            **({} if asked.durations is None else {"durations": _durations(asked.durations)}),
            **({} if asked.hours is None else {"hours": _hours(asked.hours)}),
            **({} if asked.term is None else {"term": _term(asked.term)}),
            **({} if asked.recovery is None else {"recovery": _recovery(asked.recovery)}),
        }
    except NoStructure as error:
        raise invalid("structure", None, str(error)) from error
    except KeyError as error:
        raise invalid("supports", error.args[0], "say what each support of the structure promises") from error
    except CalendarError as error:
        detail = "Correct the durations or service hours that are listed."
        raise Problem(422, "invalid-request", "The request is not valid", detail, error.errors) from error


def _availability(asked: Availability) -> dict[str, Any]:
    structure = chain.parse(asked.structure)
    shares = {name: Fraction(percent) / 100 for name, percent in asked.supports.items()}
    objective = Fraction(asked.at_least) / 100
    wrong = next((name for name, share in shares.items() if share > 1), None)
    if wrong is not None or objective > 1:
        raise invalid("supports", wrong or asked.at_least, "write a percent from 0 to 100")
    reached = chain.availability(structure, shares)
    holds = reached >= objective
    answer = {"achievable_percent": str(reached * 100), "holds": holds}
    if not holds:
        needed = chain.needed(structure, shares, objective)
        answer["needed"] = {name: None if share is None else str(share * 100) for name, share in needed.items()}
    return answer


def _durations(asked: Durations) -> dict[str, Any]:
    taken = sum(_length(asked.supports[name], f"supports.{name}") for name in asked.path)
    short = taken - _length(asked.at_most, "at_most")
    answer: dict[str, Any] = {"sum": durations.to_iso(taken), "holds": short <= 0}
    return answer | ({"short_by": durations.to_iso(short)} if short > 0 else {})


def _length(text: str, field: str) -> int:
    length = durations.from_iso(text, field)
    if length < 0:
        raise invalid(field, text, "write a duration that is not negative, such as PT30M")
    return length


def _hours(asked: Hours) -> dict[str, Any]:
    required, provided = service_hours.parse(asked.required), service_hours.parse(asked.provided)
    start, end = instants.read(asked.start, "hours.from"), instants.read(asked.end, "hours.to")
    if not start < end <= start + _LONGEST:
        raise invalid("hours.to", asked.end, "write an instant after from, ten years at most")
    gaps = coverage.uncovered(required, provided, start, end)
    normal = coverage.normal_week(required, provided, start, end)
    return {
        "contained": not gaps,
        "uncovered_seconds": intervals.total(gaps) // SECOND,
        "normal_week": {"uncovered_seconds": normal.uncovered_time // SECOND, "uncovered": normal.to_document()},
        "uncovered": [[to_text(opens), to_text(closes)] for opens, closes in gaps[:_MOST_GAPS]],
    }


def _term(asked: Term) -> dict[str, Any]:
    missing = chain.first_uncovered(asked.required, asked.supports)
    return {"covers": missing is None, "first_uncovered_day": None if missing is None else str(missing)}


def _recovery(asked: Recovery) -> dict[str, Any]:
    structure: str | Group = chain.parse(asked.structure)
    times, losses = _each(asked.supports, "rto"), _each(asked.supports, "rpo")
    rto = chain.recovered_after(structure, times, asked.order == "side_by_side")
    rpo = chain.worst(structure, losses)
    return {
        "rto": durations.to_iso(rto),
        "rto_holds": rto <= _length(asked.rto_at_most, "rto_at_most"),
        "rpo": durations.to_iso(rpo),
        "rpo_holds": rpo <= _length(asked.rpo_at_most, "rpo_at_most"),
    }


def _each(supports: Mapping[str, RecoveryOfSupport], name: str) -> dict[str, int]:
    return {key: _length(getattr(each, name), f"supports.{key}.{name}") for key, each in supports.items()}
