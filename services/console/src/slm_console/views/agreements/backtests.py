"""Back-test results of a draft's promises: how many past periods would have missed each one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def backtest_in_words(
    reader: Reader, document: Mapping[str, Any], target: Mapping[str, Any], backtests: Sequence[Mapping[str, Any]]
) -> BacktestSummary | None:
    """Return the result of the newest finished back-test with exactly this target's terms, None if there is none.

    ``backtests`` are those of the reader's company, the newest first.
    """
    for job in backtests:
        result = job.get("result")
        if job["state"] == "done" and result and result["judged"] and _is_about(document, target, job["question"]):
            return _in_words(reader, target["objective"], job, result)
    return None


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
