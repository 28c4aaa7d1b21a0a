"""Routes that calculate the effect of an exclusion on figures before anybody decides on it. They store nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter

from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, not_found
from slm_chassis.identity import new_id
from slm_events.instants import to_text
from slm_monitor.adapters.commands.exclusion_queries import ExclusionQueries
from slm_monitor.adapters.commands.sql_exclusions import SqlExclusions
from slm_monitor.api.decisions.exclusions import (
    ExclusionToRequest,
    Requester,
    parse_exclusion_request,
    require_acting_party,
)
from slm_monitor.api.dependencies import TargetReaders, TheExclusions, TheReaders
from slm_monitor.api.responses.exclusions import ExclusionEffect
from slm_monitor.application.commands import exclusions
from slm_monitor.application.commands.exclusions import NoSuchObject
from slm_monitor.application.history.fact_history import read_target_identity
from slm_monitor.application.reading import exclusion_effects
from slm_monitor.application.reading.exclusion_effects import (
    ACCEPTED,
    SHOWN_AT_CLOSE,
    AffectedWindow,
    ExclusionEffectQuestion,
)
from slm_monitor.domain.exclusions.exclusion_workflow import ExclusionRecord

router = APIRouter(prefix="/api/v1", tags=["exclusions"])


@router.post(
    "/exclusions/effect",
    **operation("Calculate what an exclusion would change", ExclusionEffect, "no-party", "not-found"),
)
async def preview_exclusion(
    given: ExclusionToRequest, caller: Requester, queries: TheExclusions, readers: TheReaders
) -> dict[str, Any]:
    """Calculate what an exclusion would change if it were requested and approved now. Nothing is stored or sent."""
    by, wanted = require_acting_party(caller), parse_exclusion_request(given)
    try:
        async with queries.database.begin() as transaction:
            entry = await exclusions.prepare_exclusion(
                SqlExclusions(transaction), wanted, new_id(), by, transaction.now
            )
    except NoSuchObject as error:
        raise not_found(error.kind, error.given) from None
    except CalendarError as error:
        raise Problem(422, "invalid-request", "The request is not valid", str(error), error.errors) from None
    return await _effect(caller, entry, queries, readers)


@router.get(
    "/exclusions/{exclusion_id}/effect",
    **operation("Calculate what a decision on an exclusion changes", ExclusionEffect),
)
async def read_exclusion_effect(
    exclusion_id: str, caller: Caller, queries: TheExclusions, readers: TheReaders
) -> dict[str, Any]:
    """Calculate, window by window, what the next decision on an exclusion would change.

    This is the approval of a requested exclusion, or the revocation of an approved exclusion.
    """
    entry = await queries.one(caller, exclusion_id)
    if entry is None:
        raise not_found("exclusion", exclusion_id)
    return await _effect(caller, entry, queries, readers)


async def _effect(
    caller: Principal, entry: ExclusionRecord, queries: ExclusionQueries, readers: TargetReaders
) -> dict[str, Any]:
    now = readers.clock.now()
    difference = await exclusion_effects.compare_exclusions(readers.record, entry, now)
    is_shown = caller.is_operator or caller.party_id in (entry.provider_party_id, entry.customer_party_id)
    view = (await readers.views.shown_to(caller, [entry.agreement_id], now)).of(entry.agreement_id)
    asked: list[ExclusionEffectQuestion] = []
    if is_shown and difference.differing:
        rows = await queries.targets_of_agreement(caller, entry.agreement_id)
        agreement = await readers.record.agreement(entry.agreement_id)
        closed: Collection[tuple[str, str]] = ()
        if not view.live_figure:
            ids = [str(row["target_id"]) for row in rows]
            closed = await readers.queries.closed_windows(ids, difference.differing[0][0], now)
        for target in map(read_target_identity, rows):
            lines = readers.parsed_terms.lines(agreement, target)
            windows = exclusion_effects.find_affected_windows(lines, entry, difference.differing, now)
            reasons = await _accepted(readers, target.target_id, windows)
            if not view.live_figure:
                hidden = (each.window_id for each in windows if (target.target_id, each.window_id) not in closed)
                reasons |= dict.fromkeys(hidden, SHOWN_AT_CLOSE)
            asked += [ExclusionEffectQuestion(each, target, reasons.get(each.window_id, "")) for each in windows]
    return {
        "agreement_id": entry.agreement_id,
        "as_of": to_text(now),
        "counted": [{"from": to_text(start), "to": to_text(end)} for start, end in difference.counted],
        "uncounted": [each.document() for each in difference.uncounted],
        "shown": is_shown,
        **await exclusion_effects.evaluate_exclusion_effect(readers.record, asked, difference, now),
    }


async def _accepted(readers: TargetReaders, target_id: str, windows: list[AffectedWindow]) -> dict[str, str]:
    """Return window id → ``accepted``, for the windows that both parties accepted.

    The effect on such a window is not calculated; ``accepted`` is the reason that the answer gives.
    """
    if not windows:
        return {}
    accepted = await readers.accepted_windows.accepted(target_id, [each.window_id for each in windows])
    return dict.fromkeys(accepted, ACCEPTED)
