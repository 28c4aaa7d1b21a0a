"""Routes that say which supporting agreement caused the downtime of a window or of a breach."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, Query

from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_events.aggregations import KINDS, read_name
from slm_events.instants import from_text, to_text
from slm_monitor.api.dependencies import TheBreaches, TheReaders, TheSignedSupports
from slm_monitor.api.responses.causes import AttributionAnswer
from slm_monitor.api.results.explanations import (
    KnownAt,
    WindowName,
    build_facts_deleted_problem,
    parse_query_instant,
    refuse_hidden_window,
)
from slm_monitor.api.results.targets import AtMinPosition, find_visible_target
from slm_monitor.application.explain.attribution import (
    AttributedSupport,
    AttributedWindow,
    DowntimeAttributor,
    NotAttributed,
)
from slm_monitor.application.explain.explanation import NoSuchWindow
from slm_monitor.application.history.fact_history import FactsNoLongerStored, read_target_identity
from slm_monitor.domain.terms.figures import format_exact_fraction

router = APIRouter(prefix="/api/v1", tags=["breaches"])

OWN_NAME = "the provider itself"
_ERRORS = ("not-judged-yet", "not-in-record", "not-attributed", "shown-at-close")


@router.get(
    "/targets/{target_id}/attribution",
    dependencies=[AtMinPosition],
    **operation("Split a window's downtime among its supports", AttributionAnswer, *_ERRORS),
)
async def attribute_window_of_target(
    target_id: str,
    caller: Caller,
    readers: TheReaders,
    chains: TheSignedSupports,
    window: WindowName = None,
    at: Annotated[
        str | None,
        Query(description="The instant at which a rolling window ends, or which the wanted window contains"),
    ] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Say how much of a window's downtime each supporting agreement caused, and how much the provider itself caused.

    If both parties accepted the window, the downtime is computed from the facts that were known at the acceptance.
    """
    row = await find_visible_target(target_id, caller, readers.queries)
    known = parse_query_instant(known_at, "known_at")
    if known is None and window is not None:
        accepted = (await readers.accepted_windows.accepted(target_id, [window])).get(window)
        known = None if accepted is None else from_text(accepted["accepted_at"])
    kind = KINDS.get(read_name(row["terms"]["aggregation"]))
    if kind is None or not (kind.is_measured or kind.is_derived):
        raise _not_attributed("a clock on tickets has no downtime")
    attributor = DowntimeAttributor(readers.record, readers.parsed_terms, chains, known)
    try:
        found = await attributor.attribute_window(
            read_target_identity(row), window, parse_query_instant(at, "at"), readers.clock.now()
        )
    except NotAttributed as error:
        raise _not_attributed(str(error)) from error
    except NoSuchWindow as error:
        raise Problem(404, "not-found", "No such window", f"{window}: {error}.") from error
    except FactsNoLongerStored as error:
        raise build_facts_deleted_problem(error) from error
    except CalendarError as error:
        raise invalid("query.window", window, str(error)) from error
    await refuse_hidden_window(readers, row, caller, found.window_id)
    return _build_answer(found, caller)


@router.get(
    "/breaches/{breach_id}/attribution",
    **operation("Split a breach's downtime among its supports", AttributionAnswer, *_ERRORS),
)
async def attribute_breach(
    breach_id: str, caller: Caller, breaches: TheBreaches, readers: TheReaders, chains: TheSignedSupports
) -> dict[str, Any]:
    """Say which supporting agreements caused the downtime of the window in which a target was breached.

    For a calendar window, this is the whole downtime so far. For a rolling window, it is the downtime until the breach
    became certain.
    """
    found = await breaches.one(caller, breach_id)
    if found is None:
        raise not_found("breach", breach_id)
    breach, _ = found
    at = breach["certain_at"] if breach["window_id"].startswith("P") else None
    return await attribute_window_of_target(breach["target_id"], caller, readers, chains, breach["window_id"], at)


def _not_attributed(reason: str) -> Problem:
    return Problem(
        422,
        "not-attributed",
        "There is no downtime to split",
        f"{reason[0].upper()}{reason[1:]}. Ask for a target with the aggregation `availability`, or a composite of "
        "states.",
    )


def _build_answer(found: AttributedWindow, caller: Principal) -> dict[str, Any]:
    whole = found.microseconds
    names = {each.named.support_id: _show_support(each, caller, found.disclosed) for each in found.supports}
    largest = None
    if whole:
        _, support = found.find_largest_part()
        named = {"party_id": found.terms.provider_party_id, "support_id": None, "name": OWN_NAME}
        if support is not None:
            shown = names[support.named.support_id]
            named = {"party_id": shown["party_id"], "support_id": support.named.support_id, "name": shown["name"]}
        largest = named
    return {
        "target_id": found.terms.target_id,
        "agreement_id": found.terms.agreement_id,
        "agreement_version": found.terms.version,
        "window_id": found.window_id,
        "from": to_text(found.span[0]),
        "to": to_text(found.span[1]),
        "as_of": to_text(found.as_of),
        "is_chained": found.is_chained,
        "downtime_microseconds": format_exact_fraction(whole),
        "own_microseconds": format_exact_fraction(found.own_microseconds),
        "own_share": _part_of(found.own_microseconds, whole),
        "supports": [
            {
                "support_id": each.named.support_id,
                "side": each.named.side,
                **names[each.named.support_id],
                "microseconds": format_exact_fraction(each.microseconds),
                "share": _part_of(each.microseconds, whole),
                "unknown_microseconds": format_exact_fraction(each.unknown_microseconds),
            }
            for each in found.supports
        ],
        "largest": largest,
    }


def _part_of(part: Fraction, whole: Fraction) -> str | None:
    return format_exact_fraction(part / whole) if whole else None


def _show_support(support: AttributedSupport, caller: Principal, disclosed: Collection[str]) -> Mapping[str, Any]:
    """Return what a caller may know of a supporting agreement: its name and ids, or only which side named it.

    The name and ids are shown to an operator and to the parties of the supporting agreement. They are also shown if the
    side that named this agreement discloses its terms.
    """
    terms = support.terms
    parties = () if terms is None else (terms["provider_party_id"], terms["customer_party_id"])
    may_see = caller.is_operator or caller.party_id in parties or support.named.support_id in disclosed
    if terms is None or not may_see:
        return {"name": f"a support of the {support.named.side}", "agreement_id": None, "party_id": None}
    return {
        "name": terms.get("title") or terms["agreement_id"],
        "agreement_id": terms["agreement_id"],
        "party_id": terms["provider_party_id"],
    }
