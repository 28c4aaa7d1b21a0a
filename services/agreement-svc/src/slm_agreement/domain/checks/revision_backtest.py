"""The back-test of a revision: what past measurements say about its targets, and the findings that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_agreement.domain.checks import measuring_rate
from slm_agreement.domain.errors import ERROR, INFORMATION, WARNING, Finding
from slm_agreement.domain.versions.agreement import ON_THE_TABLE, Version, VersionState
from slm_events.backtests import TargetBacktested
from slm_events.instants import UtcMicroseconds, to_text

RUNNING, DONE, FAILED, WITHHELD = "running", "done", "failed", "withheld"
"""States of a target's back-test. Withheld: its measurements are another party's, who has not offered them."""
RUNNING_CODE = "realistic.running"
NO_HISTORY_CODE = "realistic.no-history"
MISSED_CODE = "realistic.missed"
LITTLE_HISTORY_CODE = "realistic.little-history"
NO_DATA_CODE = "measurable.no-data"
_ENOUGH, _HALF = Fraction(9, 10), Fraction(1, 2)
_FEWEST = 3
"""Windows, or single tickets, from which a share is a reason to refuse: one bad month of two proves nothing."""


@dataclass(frozen=True, slots=True)
class RevisionBacktest:
    """The newest back-test of a revision, stored under the revision's hash, with the results that have arrived.

    ``withheld``: key of the target → id of the party whose measurements no back-test may evaluate. ``results``: key of
    the target → its ``TargetBacktested`` as JSON.
    """

    revision_hash: str
    agreement_id: str
    version: int
    backtest_id: str
    requested_at: UtcMicroseconds
    withheld: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def state_of(self, target: str) -> str:
        """Return the state of a target's back-test: ``running``, ``done``, ``failed`` or ``withheld``."""
        if target in self.withheld:
            return WITHHELD
        return str(self.results[target]["state"]) if target in self.results else RUNNING


def add_result(backtest: RevisionBacktest, result: Mapping[str, Any]) -> RevisionBacktest:
    """Return the back-test with one target's result, a ``TargetBacktested`` as JSON."""
    shown = {name: result[name] for name in ("state", "reason", "as_of", "windows", "result", "measured")}
    return RevisionBacktest(
        backtest.revision_hash,
        backtest.agreement_id,
        backtest.version,
        backtest.backtest_id,
        backtest.requested_at,
        backtest.withheld,
        {**backtest.results, str(result["target"]): shown},
    )


def is_answer_to(backtest: RevisionBacktest | None, event: TargetBacktested) -> bool:
    """Return whether the event answers this back-test, and not an earlier one of the same revision."""
    return backtest is not None and backtest.backtest_id == event.backtest_id


def backtest_document(version: Version, backtest: RevisionBacktest | None) -> dict[str, Any] | None:
    """Return the back-test of the current revision as JSON, with its targets in the order of the document; None if
    nobody has asked for it.
    """
    if backtest is None:
        return None
    keys = [target["key"] for target in version.current.document["targets"]]
    states = {key: backtest.state_of(key) for key in keys}
    nothing: dict[str, Any] = {"reason": None, "as_of": None, "windows": [], "result": None, "measured": None}
    return {
        "state": RUNNING if RUNNING in states.values() else DONE,
        "requested_at": to_text(backtest.requested_at),
        "targets": [{"target": key, "state": states[key], **nothing, **_result(backtest, key)} for key in keys],
    }


def _result(backtest: RevisionBacktest, key: str) -> Mapping[str, Any]:
    if key in backtest.withheld:
        return {"reason": "its owner has not named the measurements in a revision that it proposed"}
    found: Mapping[str, Any] = backtest.results.get(key, {})
    return found


def find_backtest_findings(version: Version, backtest: RevisionBacktest | None) -> list[Finding]:
    """Return the findings about measurements of the current revision: Realistic and Measurable of the SMART check.

    Both parties get the same findings. Findings that nobody can know more about yet are informations, which no
    signatory waives: a result that has not come, and a service without history or with little. A draft without a
    back-test has none.
    """
    if backtest is None:
        is_expected = version.state in ON_THE_TABLE or version.state == VersionState.AGREED
        return [_not_there("no back-test was made: ask for one", "none")] if is_expected else []
    targets = version.current.document["targets"]
    keys = [target["key"] for target in targets]
    running = [key for key in keys if backtest.state_of(key) == RUNNING]
    findings = []
    if running:
        remedy = "the back-test is running: read the check again in some seconds; a signature now is one without it"
        findings.append(_not_there(remedy, ", ".join(running)))
    measured = {key: backtest.results[key] for key in keys if backtest.state_of(key) in (DONE, FAILED)}
    findings += _no_data(measured)
    findings += _no_history(backtest, keys, measured)
    for index, target in enumerate(targets):
        result = measured.get(target["key"])
        if result is not None:
            findings += measuring_rate.find_rate_findings(target, result, f"targets[{index}]")
            findings += _missed(result["result"], f"targets[{index}].objective")
    return findings


def _not_there(remedy: str, value: str) -> Finding:
    return Finding("targets", value, remedy, RUNNING_CODE, INFORMATION)


def _no_data(measured: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield one warning that names all targets with an indicator that was measured once, and not in the last 7 days.

    An indicator that was never measured is new, and no reason for a warning.
    """
    silent = [key for key, result in measured.items() if result["measured"].get("is_silent")]
    if silent:
        remedy = (
            "these targets were measured earlier, but not in the last 7 days: see whether their sources still send, "
            "or waive this with a reason"
        )
        yield Finding("targets", ", ".join(silent), remedy, NO_DATA_CODE, WARNING)


def _no_history(
    backtest: RevisionBacktest, keys: Sequence[str], measured: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """Yield one information that names the targets that no past window can tell about."""
    reasons = {
        "no period of these has ended with a measurement yet": [
            key for key, result in measured.items() if result["state"] == DONE and not _judged(result)
        ],
        "these could not be evaluated": [key for key in measured if measured[key]["state"] == FAILED],
        "the measurements of these are not shown, as their owner has not proposed them": [
            key for key in keys if backtest.state_of(key) == WITHHELD
        ],
    }
    said = [f"{reason}: {', '.join(found)}" for reason, found in reasons.items() if found]
    if said:
        value = ", ".join(key for found in reasons.values() for key in found)
        yield Finding("targets", value, f"no history to compare with; {'; '.join(said)}", NO_HISTORY_CODE, INFORMATION)


def _judged(result: Mapping[str, Any]) -> int:
    return int((result["result"] or {}).get("judged", 0))


def _missed(result: Mapping[str, Any] | None, field_name: str) -> Iterator[Finding]:
    """Yield a finding if past windows met the objective too rarely: a warning below 90 percent, an error below half.

    Fewer than three windows, or single tickets, are too little history: the finding is an information then.
    """
    share = None if result is None else result["attained_share"]
    if result is None or share is None or (attained := Fraction(share)) >= _ENOUGH:
        return
    code = MISSED_CODE
    severity = ERROR if attained < _HALF else WARNING
    if int((result.get("tickets") or result)["judged"]) < _FEWEST:
        code, severity = LITTLE_HISTORY_CODE, INFORMATION
    yield Finding(field_name, _met_text(result), _missed_remedy(result, severity), code, severity)


def _met_text(result: Mapping[str, Any]) -> str:
    tickets = result.get("tickets")
    if tickets is not None:
        return f"{tickets['met']} of {tickets['judged']} tickets met"
    return f"{result['met']} of {result['judged']} periods met"


def _missed_remedy(result: Mapping[str, Any], severity: str) -> str:
    said = []
    if worst := result["worst"]:
        said.append(f"the worst was {worst['figure_display']} in {worst['window_id']}")
    prices = result["prices"] or {}
    due = next((row["credits"] for row in prices.get("rows", ()) if row["is_draft"]), None)
    if due is not None:
        said.append(f"credits of {prices['currency']} {due} would have been due")
    # Of one or two windows, the objective that 11 of 12 would have met is the worst figure again.
    suggested = None if severity == INFORMATION else result["suggested_objective"]
    comparison = next((name for name in ("at_least", "at_most") if suggested and name in suggested), None)
    if suggested is not None and comparison is not None:
        unit = "" if suggested["unit"] == "percent" else f" {suggested['unit']}"
        limit = f"{suggested[comparison]}{'%' if suggested['unit'] == 'percent' else unit}"
        said.append(f"11 of 12 periods would have met {comparison.replace('_', ' ')} {limit}")
    waive = {
        ERROR: "promise what can be kept",
        WARNING: "promise that, or waive this with a reason",
        INFORMATION: f"fewer than {_FEWEST} are too little history to refuse a promise",
    }[severity]
    return f"{'; '.join(said)}: {waive}" if said else waive
