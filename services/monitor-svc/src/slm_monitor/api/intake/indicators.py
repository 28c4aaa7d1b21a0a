"""Routes that register and list indicators: ``/api/v1/indicators``."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from slm_calendar import durations
from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_chassis.http.web_addresses import WithAddresses
from slm_monitor.api.dependencies import TheIndicatorQueries, TheIndicators
from slm_monitor.api.responses.intake import IndicatorAnswer, RegisteredIndicator
from slm_monitor.domain.facts import rating_validation
from slm_monitor.domain.facts.intake_items import Indicator

router = APIRouter(prefix="/api/v1/indicators", tags=["indicators"])
Registrar = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]


class RatingScale(BaseModel):
    """The lowest and the highest score that a rating may have, in a request to register an indicator."""

    model_config = {"extra": "forbid"}

    lowest: Annotated[str, Field(max_length=30, examples=["1"])]
    highest: Annotated[str, Field(max_length=30, examples=["5"])]


class IndicatorToRegister(BaseModel):
    """Request body that registers an indicator: a named stream of measurements about one service."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [{"key": "payments.checkout-latency", "kind": "value", "unit": "ms"}],
        },
    }

    key: Annotated[str, Field(pattern=r"^[^/\x00-\x1f]{1,200}$", examples=["payments.checkout-latency"])]
    kind: Literal["availability", "ratio", "value", "count", "rating", "recovery"]
    unit: Annotated[str, Field(max_length=40)] | None = None
    initial_state: Literal["up", "down", "degraded", "unknown"] = "unknown"
    service_id: str | None = None
    stale_after: Annotated[str, Field(max_length=40, examples=["PT5M"])] | None = None
    """An ISO 8601 duration. An indicator without a measurement for so long is stale, and its state unknown."""
    scale: RatingScale | None = None
    """For an indicator of ratings: the lowest and the highest possible score."""
    owner_party_id: UUID | None = None
    """The party that owns the indicator; the caller's party if left out."""
    external_refs: Annotated[list[dict[str, Any]], WithAddresses, Field(max_length=100)] = []


def build_indicator_document(indicator: Indicator) -> dict[str, Any]:
    return {
        "key": indicator.key,
        "owner_party_id": indicator.owner_party_id,
        "kind": indicator.kind,
        "unit": indicator.unit,
        "initial_state": indicator.initial_state,
        "service_id": indicator.service_id,
        "stale_after": None if indicator.stale_after is None else durations.to_iso(indicator.stale_after),
        "scale": None if indicator.lowest is None else {"lowest": indicator.lowest, "highest": indicator.highest},
    }


@router.post(
    "",
    **operation("Register an indicator", RegisteredIndicator, "not-found", "key-taken", status=201, also=200),
)
async def register_indicator(
    given: IndicatorToRegister, caller: Registrar, indicators: TheIndicators, response: Response
) -> dict[str, Any]:
    """Register an indicator. Answers 200 if it exists with the same definition, 409 if it exists with another one."""
    owner = caller.party_id if given.owner_party_id is None else str(given.owner_party_id)
    if owner is None:
        raise invalid("owner_party_id", None, "an operator names the party that owns the indicator")
    if owner != caller.party_id and not caller.is_operator:
        raise not_found("party", owner)
    wanted = Indicator(
        f"{owner}/{given.key}",
        owner,
        given.key,
        given.kind,
        given.unit,
        given.initial_state,
        given.service_id,
        _stale_after(given.stale_after),
        *_scale(given),
    )
    held, is_new = await indicators.register(wanted, given.external_refs)
    if held != wanted:
        differing = [
            name
            for name, value in build_indicator_document(wanted).items()
            if build_indicator_document(held)[name] != value
        ]
        errors = [
            {
                "field": name,
                "value": build_indicator_document(wanted)[name],
                "remedy": f"it is registered with {build_indicator_document(held)[name]!r}",
            }
            for name in differing
        ]
        raise Problem(409, "key-taken", "The indicator exists with another definition", f"{given.key}", errors)
    response.status_code = 201 if is_new else 200
    return build_indicator_document(held)


def _scale(given: IndicatorToRegister) -> tuple[str | None, str | None]:
    """Return the lowest and the highest score as text; (None, None) without a scale. Raises a problem for an invalid
    scale.
    """
    if (given.scale is not None) != (given.kind == "rating"):
        remedy = 'name the lowest and the highest score, {"lowest": "1", "highest": "5"}; other kinds have no scale'
        raise invalid("scale", None if given.scale is None else given.scale.model_dump(), remedy)
    if given.scale is None:
        return None, None
    try:
        return rating_validation.parse_rating_scale(given.scale.lowest, given.scale.highest)
    except ValueError as error:
        raise invalid("scale", given.scale.model_dump(), str(error)) from error


def _stale_after(written: str | None) -> int | None:
    """Return the duration in µs; None if it was left out. Raises a problem if it is invalid."""
    if written is None:
        return None
    try:
        age = durations.from_iso(written, "stale_after")
    except CalendarError as error:
        raise invalid("stale_after", written, error.errors[0]["remedy"]) from None
    if age <= 0:
        raise invalid("stale_after", written, "give a length above zero, such as PT5M")
    return age


@router.get("", **operation("List indicators by key", list_of(IndicatorAnswer)))
async def list_indicators(
    caller: Caller,
    queries: TheIndicatorQueries,
    paging: Paging,
    stale: bool | None = None,
    with_last: Annotated[bool, Query(description="Add `last_fact_at`, the instant of the latest fact")] = False,
) -> dict[str, Any]:
    """List the indicators of the caller's party. ``stale=true``: list only indicators that have stopped sending."""
    return await queries.page(caller, paging, stale, with_last=with_last)


@router.get("/{key}", **operation("Read one indicator", IndicatorAnswer))
async def read_indicator(
    key: str,
    caller: Caller,
    queries: TheIndicatorQueries,
    owner_party_id: Annotated[
        str | None,
        Query(description="For operators: the party whose indicator it is; the caller's own party if left out"),
    ] = None,
) -> dict[str, Any]:
    """Read one indicator of the caller's party. If it is stale, the answer says since when it has sent nothing."""
    owner = owner_party_id or caller.party_id
    if owner is None:
        raise invalid("query.owner_party_id", None, "an operator names the party that owns the indicator")
    found = await queries.one(owner, key) if caller.may_see(owner) else None
    if found is None:
        raise not_found("indicator", key)
    return found
