"""Routes for back-tests, which evaluate draft terms over stored history: ``/api/v1/backtests``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_calendar.errors import CalendarError
from slm_chassis.access import Principal
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.json_types import NO_TEXT
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheLog
from slm_chassis.http.problems import Problem, invalid, not_found
from slm_chassis.http.response_models import list_of
from slm_chassis.identity import new_id
from slm_chassis.log.port import EventLog
from slm_credits.exact_numbers import NUMBER
from slm_events.aggregations import KINDS, read_name
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_events.instants import to_text
from slm_monitor.adapters.commands.sql_backtests import SqlBacktests
from slm_monitor.adapters.store.sql_evaluation_store import SqlEvaluationStore
from slm_monitor.adapters.store.sql_history import SqlHistory
from slm_monitor.api.dependencies import TheBacktests, TheQueries, TheRecord, TheStore
from slm_monitor.api.drafts.critical_periods import DraftCriticalPeriods
from slm_monitor.api.responses.backtests import BacktestAnswer
from slm_monitor.api.results.explanations import parse_query_instant
from slm_monitor.api.results.targets import wait_until_stored
from slm_monitor.application.preview import backtests
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.backtests import (
    DONE,
    MOST_WINDOWS,
    QUEUED,
    STANDARD,
    BacktestJob,
)
from slm_monitor.application.preview.preview_terms import PreviewRejected

router = APIRouter(prefix="/api/v1/backtests", tags=["backtests"])
Asker = Annotated[Principal, Depends(require_role("service_level_manager", "integrator"))]


class BacktestWindowSelection(BaseModel):
    """The ended windows that a back-test evaluates: the latest windows (`last` is their number), or the windows that
    begin between `from` and `to`.

    A request with both `last` and `from` or `to` is refused. Without all three, the last 12 windows are evaluated. A
    window is evaluated if it begins at `from` or later, and before `to`. If only `to` is given, `from` is the instant
    of the first fact. If only `from` is given, `to` is the present.
    """

    model_config = {"extra": "forbid"}

    last: Annotated[int, Field(ge=1, le=MOST_WINDOWS), NO_TEXT] | None = None
    since: str | None = Field(None, alias="from", examples=["2026-01-01T00:00:00Z"])
    until: str | None = Field(None, alias="to", examples=["2026-07-01T00:00:00Z"])
    per: Literal["day", "week", "month", "quarter", "year"] = "month"
    """For a per-ticket target: the kind of calendar window by which its clocks are grouped. A clock belongs to the
    window in which it ended.
    """


class ChargeOfPeriod(BaseModel):
    """The charge of one period, in a request for a back-test. A credit schedule may pay a share of it."""

    model_config = {"extra": "forbid"}

    amount: Annotated[str, Field(pattern=f"^{NUMBER}$", examples=["4200.00"])]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    """ISO 4217 code"""
    per: Literal["day", "week", "month", "quarter", "year"] = "month"


class BacktestToRun(BaseModel):
    """Request body of a back-test: one target as an agreement would write it, and the windows to evaluate.

    ``indicator`` is the key of an indicator of the caller's party. Ticket targets are evaluated over that party's
    tickets.
    """

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "terms": {
                        "key": "up",
                        "indicator": "payments.checkout",
                        "aggregation": "availability",
                        "window": {"calendar": "month"},
                        "objective": {"at_least": "99.9", "unit": "percent"},
                    },
                    "timezone": "Europe/Amsterdam",
                    "windows": {"last": 12},
                }
            ]
        },
    }

    terms: dict[str, Any]
    members: Annotated[list[dict[str, Any]], Field(max_length=100)] = []
    """Drafts of the targets from which a derived target is evaluated: the clock of a compliance, or the members of a
    composite.
    """
    service_hours: str | dict[str, Any] = "24x7"
    timezone: str = "UTC"
    windows: BacktestWindowSelection = BacktestWindowSelection()
    credit_schedule: dict[str, Any] | None = None
    """The credit schedule that the target names: with it, the result says which credits would have been due."""
    period_charge: ChargeOfPeriod | None = None
    """The charge to which the schedule's percents apply."""
    critical_periods: DraftCriticalPeriods = []
    """Critical periods, in local times of ``timezone``: the terms may have the occurrences of one as their window."""


@dataclass(frozen=True)
class BacktestStores:
    """The store of back-test jobs, with the stored history over which they are evaluated."""

    jobs: SqlBacktests
    store: SqlEvaluationStore
    record: SqlHistory


async def _backtest_parts(jobs: TheBacktests, store: TheStore, record: TheRecord) -> BacktestStores:
    return BacktestStores(jobs, store, record)


TheBacktestStores = Annotated[BacktestStores, Depends(_backtest_parts)]


@router.post("", **operation("Run a back-test", BacktestAnswer, "not-found", "not-judged-yet", status=202))
async def run_backtest(
    given: BacktestToRun, caller: Asker, stored: TheBacktestStores, queries: TheQueries, log: TheLog, clock: TheClock
) -> dict[str, Any]:
    """Start to evaluate draft terms over stored measurements, window by window. Read the result
    under the returned id.
    """
    question = await _question(given, caller, stored)
    # Measurements of a moment ago may be on the log but not in the record yet, where the back-test would miss them.
    await wait_until_stored(queries, await _present(log))
    now, windows = clock.now(), given.windows
    between = (parse_query_instant(windows.since, "windows.from"), parse_query_instant(windows.until, "windows.to"))
    if any(each is not None for each in between) and windows.last is not None:
        raise invalid("windows.last", windows.last, "give either the last so many, or from and to")
    try:
        target = backtests.check_backtest_question(question)
        first = await _first(question, stored)
        interval = None if between == (None, None) else (between[0] or first or 0, between[1] or now)
        spans = backtests.list_backtest_windows(target, now, first, windows.last or STANDARD, interval, windows.per)
    except (PreviewRejected, CalendarError) as error:
        raise _refused(error) from error
    state_now, ended_at = (QUEUED, None) if spans else (DONE, now)
    job = BacktestJob(new_id(), question.owner, question, spans, state_now, [], now, None, ended_at)
    await stored.jobs.add(job, caller.principal_id)
    return build_backtest_document(job)


async def _present(log: EventLog) -> dict[tuple[str, int], int]:
    """Return (topic, partition) → present end offset, for the topics of the intake."""
    ends = {topic.name: await log.end_offsets(topic.name) for topic in (MEASUREMENTS, TICKETS)}
    return {(topic, partition): end for topic, found in ends.items() for partition, end in found.items()}


async def _question(given: BacktestToRun, caller: Principal, stored: BacktestStores) -> BacktestQuestion:
    """Build the question of a back-test from the request. Raises a problem (404) if it names an indicator of another
    party.
    """
    kind = KINDS.get(read_name(given.terms.get("aggregation")))
    terms = given.terms
    subject, owner = "", caller.party_id
    if kind is None or kind.is_measured:
        subject, owner = await _own_indicator(given.terms.get("indicator"), caller, stored.store)
        registered = await stored.store.indicator(subject)
        if registered is not None and registered.kind == "rating":
            # Ratings are counted one by one, whatever their score, so the terms must say that it is a rating.
            terms = {**terms, "indicator": {"key": registered.key, "kind": registered.kind}}
    if owner is None:
        raise invalid("terms", None, "an operator has no tickets: use a key of the party that has")
    question = BacktestQuestion(
        terms,
        subject,
        given.service_hours,
        given.timezone,
        given.members,
        owner,
        given.windows.per,
        given.credit_schedule,
        None if given.period_charge is None else given.period_charge.model_dump(),
        [each.document() for each in given.critical_periods],
    )
    if not subject:
        try:
            subjects = backtests.list_backtest_subjects(question)
        except (PreviewRejected, CalendarError) as error:
            raise _refused(error) from error
        for each in sorted(subjects):
            party, _, key = each.partition("/")
            await _own_indicator({"owner_party_id": party, "key": key}, caller, stored.store)
    return question


async def _first(question: BacktestQuestion, stored: BacktestStores) -> int | None:
    """Return the instant (µs) of the first stored fact that the terms would use; None if there is none."""
    found = []
    for subject in sorted(backtests.list_backtest_subjects(question)):
        first, begins_at = await stored.record.first_at(subject), await stored.record.begins_at(subject)
        found.append(first if first is None or begins_at is None else max(first, begins_at))
    if backtests.is_backtest_about_tickets(question):
        found.append(await stored.record.first_ticket(question.owner))
    return min((each for each in found if each is not None), default=None)


def _refused(error: PreviewRejected | CalendarError) -> Problem:
    names = ", ".join(dict.fromkeys(str(each["field"]) for each in error.errors))
    return Problem(422, "invalid-request", "The request is not valid", f"Correct {names}.", error.errors)


async def _own_indicator(named: Any, caller: Principal, store: SqlEvaluationStore) -> tuple[str, str]:
    """Return the subject and the owner's id of an indicator that the terms name.

    Raises a problem: 422 if the name is invalid, 404 if no such indicator exists or it belongs to another party.
    """
    owner, key = (named.get("owner_party_id"), named.get("key")) if isinstance(named, dict) else (None, named)
    owner = owner or caller.party_id
    if not isinstance(key, str) or not isinstance(owner, str):
        raise invalid("terms.indicator", named, "name an indicator of your party by its key")
    if owner != caller.party_id and not caller.is_operator:
        raise not_found("indicator", key)
    if await store.indicator(f"{owner}/{key}") is None:
        raise not_found("indicator", key)
    return f"{owner}/{key}", owner


@router.get("", **operation("List back-tests, the newest first", list_of(BacktestAnswer)))
async def list_backtests(caller: Caller, jobs: TheBacktests, paging: Paging) -> dict[str, Any]:
    """List the back-tests of the caller's party, the newest first."""
    found = await jobs.page(caller, paging)
    return paging.shape(found, lambda job: [job.requested_at, job.backtest_id], build_backtest_document)


@router.get("/{backtest_id}", **operation("Read one back-test", BacktestAnswer))
async def read_backtest(backtest_id: str, caller: Caller, jobs: TheBacktests) -> dict[str, Any]:
    """Read the progress of a back-test, and its results so far."""
    return build_backtest_document(await _mine(backtest_id, caller, jobs))


@router.post("/{backtest_id}/cancel", **operation("Cancel a back-test", BacktestAnswer, "already-ended"))
async def cancel_backtest(backtest_id: str, caller: Asker, jobs: TheBacktests) -> dict[str, Any]:
    """Cancel a back-test. Its results so far are kept. Answers 409 if it has ended before."""
    job = await _mine(backtest_id, caller, jobs)
    if not await jobs.cancel(backtest_id):
        ended = await _mine(backtest_id, caller, jobs)
        raise Problem(409, "already-ended", "It has ended", f"The back-test {job.backtest_id} is {ended.state}.")
    return build_backtest_document(await _mine(backtest_id, caller, jobs))


async def _mine(backtest_id: str, caller: Principal, jobs: SqlBacktests) -> BacktestJob:
    """Read a back-test that the caller may see. Raises a problem (404) if there is none with this id."""
    job = await jobs.find(caller, backtest_id)
    if job is None:
        raise not_found("back-test", backtest_id)
    return job


def build_backtest_document(job: BacktestJob) -> dict[str, Any]:
    """Return a back-test as JSON: its state, its progress, the windows evaluated so far, and their summary."""
    done, whole = len(job.judged), len(job.spans)
    return {
        "backtest_id": job.backtest_id,
        "state": job.state,
        "requested_at": to_text(job.requested_at),
        "ended_at": None if job.ended_at is None else to_text(job.ended_at),
        "progress": {"windows": whole, "judged": done, "percent": 100 * done // whole if whole else 100},
        "failure": job.failure,
        "question": job.question.document(),
        "windows": [backtests.show_window(each) for each in job.judged],
        "result": backtests.summarize_backtest(job.question, job.judged) if job.judged or job.state == DONE else None,
    }
