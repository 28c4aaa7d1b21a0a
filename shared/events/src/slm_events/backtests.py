"""The events of a revision's back-test: agreement-svc asks for it, and monitor-svc answers target by target."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequested:
    """The terms of a revision are to be evaluated over stored measurements, before anybody signs them.

    ``service_hours``, ``targets``, ``credits``, ``period_charge`` and ``critical_periods`` are as in
    ``AgreementFinalized``. The answer is a ``TargetBacktested`` for each target in ``targets_to_test``.
    """

    backtest_id: str
    agreement_id: str
    version: int
    kind: str
    revision_hash: str
    provider_party_id: str
    customer_party_id: str
    hidden_from_party_id: str | None = None
    """The party that must not see this event, because the revision is a draft of the other party; null: both see it."""
    service_id: str
    service_key: str
    service_external_refs: list[dict[str, Any]] = field(default_factory=list)
    customer_key: str
    customer_external_refs: list[dict[str, Any]] = field(default_factory=list)
    timezone: str
    closing_delay_seconds: int
    expires_at: str | None
    service_hours: dict[str, Any]
    targets: list[dict[str, Any]]
    credits: list[dict[str, Any]] = field(default_factory=list)
    period_charge: dict[str, Any] = field(default_factory=dict)
    critical_periods: list[dict[str, Any]] = field(default_factory=list)
    targets_to_test: list[str]
    """The keys of the targets whose measurements both readers of the result may see figures of."""
    requested_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBacktested:
    """One target of a revision was evaluated over stored measurements: figures for each window, and no facts."""

    backtest_id: str
    """The id of the request that this answers."""
    agreement_id: str
    version: int
    revision_hash: str
    provider_party_id: str
    customer_party_id: str
    hidden_from_party_id: str | None = None
    """The party that must not see this event, because the revision is a draft of the other party; null: both see it."""
    target: str
    """The key of the target."""
    state: str
    """``done``, or ``failed``: the terms cannot be evaluated."""
    reason: str | None
    """Why it failed; null: it did not."""
    as_of: str
    """The instant up to which windows were looked for."""
    windows: list[dict[str, Any]]
    """The last windows that have ended, at most twelve, each with its figure and verdict as in a back-test."""
    result: dict[str, Any] | None
    """The summary of these windows: met and missed, the worst, the suggested objective, prices, open readings.

    Null: there is no window.
    """
    measured: dict[str, Any]
    """How the target was measured in the 7 days before ``as_of``, as ``{"last_at", "in_7_days", "is_sampled",
    "is_silent"}``.

    ``last_at`` is the instant of the latest measurement, null if there is none; ``in_7_days`` counts them; of targets
    about tickets both are about those that were opened. ``is_sampled``: each measurement is a probe or a value at an
    instant, so that anything shorter than the time between two of them is not noticed. ``is_silent``: an indicator of
    the target was measured before these 7 days, and not since then.
    """
