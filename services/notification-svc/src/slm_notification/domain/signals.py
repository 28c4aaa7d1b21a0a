"""Signals: the events that open, acknowledge or resolve an alert in a tool for people on call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from slm_chassis.identity import named_id
from slm_events import breach_life, causes, monitor
from slm_events.envelope import type_of
from slm_notification.domain.notices import notice_of

Action = Literal["trigger", "acknowledge", "resolve"]
Severity = Literal["critical", "error", "warning", "info"]
_LONGEST_KEY = 200
_SPACE = "6a3c1a0e-6b1d-5d0e-9d57-6f0c6f2f8a11"
_SOON_SECONDS = 3_600
_PARTIES = ("provider_party_id", "customer_party_id", "owner_party_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What an event does to one alert."""

    key: str
    """Identifies the alert: all events of one breach, risk or cause have the same key."""
    action: Action
    severity: Severity = "error"
    name: str
    """The kind of the alert, such as ``SlmBreach``."""
    summary: str
    at: str
    """When it happened, as text of installation time."""
    path: str
    """The page of the console that shows more, from ``/`` on."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the alert is about, by ids and keys that do not change while it lasts."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Further words for people."""
    not_for: str | None = None
    """Id of a party that knows it already and is not told again."""


def signal_of(event: Any) -> Signal | None:
    """Return what an event does to an alert; None if it does nothing.

    An event opens no alert if it comes from an import of history, or from the first evaluation of the time before an
    agreement was signed: what it tells is over or known.
    """
    make = _SIGNALS.get(type(event))
    signal = None if make is None else make(event)
    if signal is None or signal.action == "resolve":
        return signal
    if getattr(event, "importing", False) or getattr(event, "import_id", None):
        return None
    return None if getattr(event, "catch_up", None) is not None else signal


def opening_types(event_type: str) -> Sequence[str]:
    """Return the types of events that open alerts, for alerts that events of this type change or resolve."""
    return _OPENING.get(event_type, ())


def alert_key(kind: str, identity: str) -> str:
    """Return the key of an alert, such as ``slm-breach-…``. A very long identity is replaced by a short one."""
    short = identity if len(identity) <= _LONGEST_KEY else named_id(_SPACE, kind, identity)
    return f"slm-{kind}-{short}"


def _labels(event: Any, **own: str) -> dict[str, str]:
    names = ("agreement_id", "service_id", "target_id", "target_key", "window_id", *_PARTIES)
    known = {name: getattr(event, name, None) for name in names}
    return {**own, **{name: str(value) for name, value in known.items() if value}}


def _notice_details(event: Any) -> dict[str, str]:
    """Return the lines of the event's notice, with names that tools take as keys."""
    notice = notice_of(event)
    lines = () if notice is None else notice.lines
    return {label.lower().replace(" ", "_"): text for label, text in lines}


def _breach(event: Any, action: Action, words: str, at: str) -> Signal:
    return Signal(
        key=alert_key("breach", event.breach_id),
        action=action,
        # A breach has one level as long as it exists, but not every event names it.
        severity="critical" if getattr(event, "level", "") == "unacceptable" else "error",
        name="SlmBreach",
        summary=f"{words}: {event.target_title}",
        at=at,
        path=f"/breaches/{event.breach_id}",
        labels=_labels(event, breach_id=event.breach_id),
        details=_notice_details(event),
    )


def _breached(event: monitor.TargetBreached) -> Signal:
    return _breach(event, "trigger", "Breached", event.certain_at)


def _acknowledged(event: breach_life.BreachAcknowledged) -> Signal:
    return _breach(event, "acknowledge", "Breach acknowledged", event.at)


def _recovered(event: monitor.TargetRecovered) -> Signal:
    return _breach(event, "resolve", "Recovered", event.recovered_at)


def _withdrawn(event: monitor.BreachWithdrawn) -> Signal:
    return _breach(event, "resolve", "Breach withdrawn", event.published_at)


def _closed(event: breach_life.BreachClosed) -> Signal:
    return _breach(event, "resolve", "Breach closed", event.at)


def _risk(event: Any, action: Action, words: str, severity: Severity = "warning") -> Signal:
    is_disclosed = isinstance(event, monitor.RiskDisclosed)
    return Signal(
        key=alert_key("risk", event.risk_id),
        action=action,
        severity=severity,
        name="SlmRisk",
        summary=f"{words}: {event.target_title}",
        at=event.at,
        path=f"/targets/{event.target_id}",
        labels=_labels(event, risk_id=event.risk_id),
        details=_notice_details(event),
        # The provider was told when the risk was raised. Only the customer learns of it by the disclosure.
        not_for=event.provider_party_id if is_disclosed else None,
    )


def _at_risk(event: monitor.TargetAtRisk) -> Signal:
    left = event.time_left_seconds
    return _risk(event, "trigger", "At risk", "error" if left is not None and left <= _SOON_SECONDS else "warning")


def _cleared(event: monitor.RiskCleared) -> Signal:
    words = {"averted": "No longer at risk", "breached": "The risk became a breach"}
    return _risk(event, "resolve", words.get(event.outcome, "The window of the risk has ended"))


def _cause(event: causes.CauseRevised) -> Signal:
    about = ", ".join(str(each.get("name", "")) for each in event.about[:3] if isinstance(each, dict))
    is_over = event.end_at is not None or event.change in ("replaced", "withdrawn")
    return Signal(
        key=alert_key("cause", event.cause_id),
        action="resolve" if is_over else "trigger",
        severity="error" if event.breaches else "warning",
        name="SlmCause",
        summary=f"{'Over' if is_over else 'Outage'}: {about or 'one cause'}",
        at=event.published_at if is_over else event.start_at,
        path=f"/causes/{event.cause_id}",
        labels=_labels(event, cause_id=event.cause_id),
        details={"breaches": str(event.breaches), "risks": str(event.risks)},
    )


def _stale(event: monitor.IndicatorStale) -> Signal:
    is_over = isinstance(event, monitor.IndicatorResumed)
    return Signal(
        key=alert_key("indicator", event.indicator),
        action="resolve" if is_over else "trigger",
        severity="warning",
        name="SlmNoMeasurements",
        summary=f"{'Measured again' if is_over else 'No measurements'}: {event.key}",
        at=event.published_at if is_over else event.stale_since_at,
        path="/connections",
        labels=_labels(event, indicator=event.indicator),
        details={"last_measured_at": event.last_measured_at},
    )


def _judgeable(event: monitor.TargetJudgeable) -> Signal:
    is_over = not isinstance(event, monitor.TargetUnjudgeable)
    return Signal(
        key=alert_key("unjudgeable", event.target_id),
        action="resolve" if is_over else "trigger",
        name="SlmUnjudgeable",
        summary=f"{'Judged again' if is_over else 'A target cannot be judged'}: {event.target_key}",
        at=event.published_at,
        path=f"/targets/{event.target_id}",
        labels=_labels(event),
        details={} if is_over else {"reason": str(getattr(event, "reason", ""))},
    )


_SIGNALS: dict[type[Any], Callable[[Any], Signal]] = {
    monitor.TargetBreached: _breached,
    monitor.TargetRecovered: _recovered,
    monitor.BreachWithdrawn: _withdrawn,
    breach_life.BreachAcknowledged: _acknowledged,
    breach_life.BreachClosed: _closed,
    monitor.TargetAtRisk: _at_risk,
    monitor.RiskDisclosed: _at_risk,
    monitor.RiskCleared: _cleared,
    causes.CauseRevised: _cause,
    monitor.IndicatorStale: _stale,
    monitor.IndicatorResumed: _stale,
    monitor.TargetUnjudgeable: _judgeable,
    monitor.TargetJudgeable: _judgeable,
}
"""Every event that changes an alert. A revised breach is left out: the alert is open, or somebody has ended it."""
CAUSE = type_of(causes.CauseRevised)
_RISKS = (type_of(monitor.TargetAtRisk), type_of(monitor.RiskDisclosed))
_BREACHES = (type_of(monitor.TargetBreached),)
_OPENING: dict[str, Sequence[str]] = {
    **dict.fromkeys(
        map(
            type_of,
            (
                monitor.TargetBreached,
                monitor.TargetRecovered,
                monitor.BreachWithdrawn,
                breach_life.BreachAcknowledged,
                breach_life.BreachClosed,
            ),
        ),
        _BREACHES,
    ),
    **dict.fromkeys((*_RISKS, type_of(monitor.RiskCleared)), _RISKS),
    CAUSE: (CAUSE,),
    **dict.fromkeys(
        (type_of(monitor.IndicatorStale), type_of(monitor.IndicatorResumed)), (type_of(monitor.IndicatorStale),)
    ),
    **dict.fromkeys(
        (type_of(monitor.TargetUnjudgeable), type_of(monitor.TargetJudgeable)), (type_of(monitor.TargetUnjudgeable),)
    ),
}
