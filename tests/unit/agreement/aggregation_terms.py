"""A target of every aggregation as an author may write it, and what resolving targets gives."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import aggregations
from slm_agreement.domain.terms import targets as terms_of_targets
from slm_agreement.domain.terms.target_context import TargetContext
from tests.unit.agreement.people import AVAILABILITY, CLOCK, CUSTOMER, IDENTITY, PROVIDER, SERVICE, SHARE

AROUND = TargetContext(IDENTITY.agreement_id, PROVIDER, CUSTOMER, SERVICE, frozenset({"24x7"}), aggregations.ACCEPTED)
MONTH = {"calendar": "month"}
LATENCY = {"key": "payments.latency", "unit": "ms"}
RATIO: dict[str, Any] = {
    "key": "good", "indicator": "payments.requests", "aggregation": "ratio", "objective": {"at_least": "99.9"},
    "window": MONTH,
}  # fmt: skip
ALL = {"at_least": "100", "unit": "percent"}
COUNT: dict[str, Any] = {
    "key": "errors", "indicator": "payments.errors", "aggregation": "count", "objective": {"at_most": 3},
    "window": MONTH,
}  # fmt: skip
OUTAGES: dict[str, Any] = {
    **AVAILABILITY, "key": "outages", "aggregation": {"outages": {"at_least": "PT5M"}}, "objective": {"at_most": "2"},
}  # fmt: skip
MEAN: dict[str, Any] = {**SHARE, "key": "mean", "aggregation": "mean", "objective": {"at_most": "250ms"}}
QUANTILE: dict[str, Any] = {**MEAN, "key": "p95", "aggregation": {"quantile": 0.95}}
SLICES: dict[str, Any] = {
    **RATIO,
    "key": "slices",
    "aggregation": {"time_slices": {"width": "PT5M", "good_if": "0.95"}},
}
COMPLIANCE: dict[str, Any] = {
    "key": "p1-kept", "aggregation": {"compliance": "p1"}, "objective": {"at_least": "95"}, "window": MONTH,
}  # fmt: skip
SLICED = "aggregation.time_slices"
SECOND = {**AVAILABILITY, "key": "database", "indicator": "payments.database"}


def composite(of: str, *members: Any, **more: Any) -> dict[str, Any]:
    aggregation = {"composite": {"of": of, "members": list(members), **more}}
    return {"key": "whole", "aggregation": aggregation, "objective": {"at_least": "99"}, "window": MONTH}


def written(*targets: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    findings = Findings()
    found = terms_of_targets.resolve_targets(list(targets), AROUND, findings)
    return found, {finding.field: finding.remedy for finding in findings.items}


def taken(*targets: Any) -> list[dict[str, Any]]:
    """The targets resolved, which resolving again does not change."""
    found, faults = written(*targets)
    assert faults == {}
    assert written(*found) == (found, {})
    return found


def target(document: dict[str, Any], **more: Any) -> dict[str, Any]:
    return taken({**document, **more})[0]


def faults(*targets: Any) -> dict[str, str]:
    found = written(*targets)[1]
    assert found
    assert all(found.values())
    return found


STARS: dict[str, Any] = {
    "key": "stars", "indicator": {"key": "desk.stars", "kind": "rating"}, "aggregation": "mean",
    "objective": {"at_least": "4"}, "window": MONTH,
}  # fmt: skip
CONTENT = {**STARS, "key": "content", "aggregation": {"share_at_least": "4"}, "objective": {"at_least": "80"}}
NPS = {**STARS, "key": "nps", "indicator": "desk.advocacy", "aggregation": "nps", "objective": {"at_least": "-5"}}
RTO: dict[str, Any] = {
    "key": "rto", "indicator": "payments.recoveries", "aggregation": "recovery_time", "objective": {"at_most": "PT4H"},
    "window": {"calendar": "year"},
}  # fmt: skip
RPO = {**RTO, "key": "rpo", "aggregation": "recovery_point", "objective": {"at_most": "15"}}
RECOVERED = {**RTO, "key": "recovered", "aggregation": {"recovered_within": {"time": "PT4H", "point": "PT15M"}},
             "objective": {"at_least": "90"}}  # fmt: skip

EVERY = [
    STARS, CONTENT, NPS, RTO, RPO, RECOVERED,
    AVAILABILITY, SHARE, RATIO, COUNT, OUTAGES, MEAN, QUANTILE, SLICES, CLOCK, COMPLIANCE, SECOND,
    {**MEAN, "key": "max", "aggregation": "max"}, {**MEAN, "key": "min", "aggregation": "min"},
    composite("states", "up", "database"),
]  # fmt: skip
