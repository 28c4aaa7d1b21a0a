"""Back-test results of a draft's promises: in how many past periods each promise would have been missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from slm_console.views.agreements.credits import schedule_of
from slm_console.views.judgement.figures import exact, figure_in_words, limit_of, period_name
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader

_COMPARED = ("aggregation", "objective", "window")


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """Back-test result of one promise: state mark, a sentence about all periods, and further sentences."""

    mark: str
    sentence: str
    more: tuple[str, ...] = ()
    left_open: tuple[str, ...] = ()
    """A sentence for each policy that the terms leave open: what another reading of it would have changed."""
    prices: tuple[str, ...] = ()
    """A sentence for each candidate promise: how many periods would have kept it, and the credits due if known."""


def backtest_in_words(
    reader: Reader, document: Mapping[str, Any], target: Mapping[str, Any], backtests: Sequence[Mapping[str, Any]]
) -> BacktestSummary | None:
    """Return the result of the newest finished back-test with exactly this target's terms, None if there is none.

    ``backtests``: the back-tests of the reader's company, the newest first.
    """
    for job in backtests:
        result = job.get("result")
        if job["state"] == "done" and result and result["judged"] and _is_about(document, target, job["question"]):
            return _summarize(reader, target, job, is_priced=_has_terms_money(document, target, job["question"]))
    return None


def revision_backtest_in_words(
    reader: Reader,
    target: Mapping[str, Any],
    backtest: Mapping[str, Any] | None,
    finding: Mapping[str, Any] | None = None,
) -> BacktestSummary | None:
    """Return the result for a target in the back-test that the check of the shown revision has, None if there is none.

    ``finding``: the check's finding that the target was met too rarely; None if there is none. Of a target of single
    tickets that finding says how many were in time, so there is no summary.
    """
    for tested in (backtest or {}).get("targets") or ():
        result = tested["result"]
        if tested["target"] == target["key"] and result and result["judged"] and not result["tickets"]:
            said = _summarize(reader, target, tested, is_priced=True)
            if finding is None or finding["severity"] == "warning":
                return said
            if finding["severity"] == "error":
                refused = reader.gettext("Fewer than half would have kept it, so nobody can accept or sign it.")
                return replace(said, mark="breached", more=(refused, *said.more))
            little = reader.gettext("This is too little history to say whether it can be kept.")
            return replace(said, mark="no-data", more=(little, *said.more))
    return None


def _summarize(
    reader: Reader, target: Mapping[str, Any], job: Mapping[str, Any], *, is_priced: bool
) -> BacktestSummary:
    result = job["result"]
    said = _in_words(reader, target["objective"], job, result)
    left_open = [
        _open_reading(reader, each, is_priced=is_priced)
        for each in result.get("open_readings") or ()
        # A term that was written since then has settled it.
        if target.get(each["policy"]) in (None, each["default"])
    ]
    found = tuple(each for each in left_open if each)
    return replace(said, left_open=found, prices=_prices(reader, target, result, is_priced=is_priced))


def _has_terms_money(document: Mapping[str, Any], target: Mapping[str, Any], question: Mapping[str, Any]) -> bool:
    """Whether a back-test was priced with the schedule and the charge that the document has now."""
    schedule = schedule_of(document, target)
    return (
        schedule is not None
        and question.get("credit_schedule") == schedule
        and question.get("period_charge") == document.get("period_charge")
    )


def _prices(
    reader: Reader, target: Mapping[str, Any], result: Mapping[str, Any], *, is_priced: bool
) -> tuple[str, ...]:
    table = result.get("prices") or {}
    lines = []
    for row in table.get("rows") or ():
        objective = {**row["objective"], "unit": target["objective"].get("unit")}
        values = {
            "promise": objective_in_words(reader, objective),
            "met": reader.whole(int(row["met"])),
            "count": reader.whole(int(row["met"]) + int(row["missed"])),
        }
        if is_priced and row["credits"] is not None:
            values["money"] = reader.money(Decimal(row["credits"]), table["currency"])
            line = reader.gettext("%(promise)s: %(met)s of %(count)s periods kept, %(money)s due.", **values)
        else:
            line = reader.gettext("%(promise)s: %(met)s of %(count)s periods kept.", **values)
        if row["is_draft"]:
            line = reader.gettext("%(line)s This is what the draft promises.", line=line)
        elif row["is_suggested"]:
            line = reader.gettext("%(line)s Eleven of twelve periods would have kept it.", line=line)
        lines.append(line)
    return tuple(lines)


def _open_reading(reader: Reader, reading: Mapping[str, Any], *, is_priced: bool) -> str:
    """Return a sentence about a policy that the terms leave open, such as how time in an unknown state counts.

    It says what it costs that the policy is open, and which terms settle it. Empty if this costs nothing. Without
    ``is_priced``, the back-test used other prices than the document's, so amounts of money are left out.
    """
    subjects = {
        "unknown": reader.gettext("how time in an unknown state counts"),
        "degraded": reader.gettext("how degraded time counts"),
        "short_outages": reader.gettext("how an outage counts that is not too short"),
        "no_data": reader.gettext("how a slice without data counts"),
        "on_reopen": reader.gettext("what reopening does"),
        "on_priority_change": reader.gettext("what a change of priority does"),
    }
    costs, changed = reading["costs"], int(reading["changed"])
    said = []
    if breaches := int(costs["breaches"]):
        said.append(reader.ngettext("%(count)s breach", "%(count)s breaches", breaches))
    elif changed:
        said.append(reader.ngettext("%(count)s changed verdict", "%(count)s changed verdicts", changed))
    if is_priced and costs["amount"] is not None and (amount := Decimal(costs["amount"])):
        said.append(reader.money(amount, costs["currency"]))
    if not said:
        return ""
    policy = str(reading["policy"])
    terms = [f"{policy}: {each['settled_by'][policy]}" for each in reading["readings"]]
    return reader.gettext(
        "Left open: %(subject)s; costs %(costs)s. Settle it with one of: %(terms)s.",
        subject=subjects.get(policy, policy),
        costs=", ".join(said),
        terms=", ".join(terms),
    )


def _is_about(document: Mapping[str, Any], target: Mapping[str, Any], question: Mapping[str, Any]) -> bool:
    named = target.get("indicator")
    if not named or question["members"]:
        return False
    hours = target.get("service_hours")
    if isinstance(hours, str):
        hours = (document.get("service_hours") or {}).get(hours, hours)
    return (
        question["indicator"] == f"{named['owner_party_id']}/{named['key']}"
        and question["timezone"] == document["timezone"]
        and question["service_hours"] == hours
        and all(question["terms"].get(name) == target.get(name) for name in _COMPARED)
    )


def _in_words(
    reader: Reader, objective: Mapping[str, Any], job: Mapping[str, Any], result: Mapping[str, Any]
) -> BacktestSummary:
    judged, missed = int(result["judged"]), int(result["missed"])
    if not missed:
        kept = reader.ngettext(
            "Tried on what was measured: the last period would have kept it.",
            "Tried on what was measured: all of the last %(count)s periods would have kept it.",
            judged,
        )
        return BacktestSummary("met", kept)
    sentence = reader.ngettext(
        "Tried on what was measured: %(missed)s of the last period would have missed it.",
        "Tried on what was measured: %(missed)s of the last %(count)s periods would have missed it.",
        judged,
        missed=reader.whole(missed),
    )
    failed = [period_name(reader, each["window_id"]) for each in job["windows"] if each["verdict"] == "breached"]
    more = [reader.gettext("Missed: %(periods)s.", periods=reader.names(failed))] if failed else []
    if worst := result.get("worst"):
        figure = figure_in_words(reader, exact(worst["figure"]), objective)
        period = period_name(reader, worst["window_id"])
        more.append(reader.gettext("The worst was %(period)s with %(figure)s.", period=period, figure=figure))
    suggested = result.get("suggested_objective")
    if suggested and limit_of(suggested):
        promise = objective_in_words(reader, suggested)
        more.append(reader.gettext("Eleven of twelve would have kept %(promise)s.", promise=promise))
    return BacktestSummary("at-risk", sentence, tuple(more))
