"""The readers of mails: people with their roles, and what they chose to be told by mail, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from slm_chassis.clock import SECOND
from slm_chassis.identity import NAMESPACE, named_id
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.notices import Kind, Notice, Severity

When = Literal["at_once", "digest", "never"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
MAIL = "mail"
"""The channel of deliveries by mail."""
DIGEST_HOUR = 8
"""The hour of the reader's day at which the daily digest is sent."""
Rules = Mapping[Kind, Mapping[Severity, When]]
_ORDER: tuple[When, ...] = ("never", "digest", "at_once")


def _rules(default: When, **kinds: When | tuple[When, When]) -> Rules:
    """Return the rules for all kinds. A value is for both severities, a pair is for ``high`` and ``normal``.

    ``default`` is the value for kinds that are not given.
    """
    rules: dict[Kind, Mapping[Severity, When]] = {}
    for kind in KINDS:
        said = kinds.get(kind, default)
        high, normal = said if isinstance(said, tuple) else (said, said)
        rules[kind] = {"high": high, "normal": normal}
    return rules


_NOTHING = _rules("never")
# Who may sign may also answer a proposal and decide on excluded time.
_SIGNS = _rules("never", signature="at_once", decision="at_once", agreement="digest", report="digest")
DEFAULTS: Mapping[str, Rules] = {
    "service_level_manager": _rules(
        "at_once", recovered=("at_once", "digest"), review="digest", report="digest", data="digest"
    ),
    "business_signatory": _SIGNS,
    "provider_signatory": _SIGNS,
    # Integrators also handle breaches: they are the people on call.
    "integrator": _rules("never", breach="at_once", risk="at_once", recovered=("at_once", "digest"), data="digest"),
    "viewer": _NOTHING,
    "auditor": _NOTHING,
}
"""Role → the rules for people with this role who have chosen nothing else.

For a person with several roles, the rule that tells the most applies: ``at_once`` before ``digest`` before ``never``.
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A person with a mail address who can log in."""

    person_id: str
    party_id: str
    name: str
    email: str
    roles: Sequence[str]
    rules: Rules = field(default_factory=dict)
    """The person's own choices. For kinds and severities without a choice, the rules of the person's roles apply."""
    time_zone: str = "UTC"
    principal_id: str = ""
    """A principal of the person that has not ended."""

    def when(self, notice: Notice) -> When:
        """Return when the person is told of a notice, by the rules: ``at_once``, ``digest`` or ``never``."""
        return when_told(self.roles, self.rules, notice.kind, notice.severity)


def when_told(roles: Sequence[str], chosen: Rules, kind: Kind, severity: Severity) -> When:
    """Return when a person is told of notices of one kind and severity.

    If the person has not chosen, each of the roles has a default, and the soonest default applies.
    """
    choice = chosen.get(kind, {}).get(severity)
    if choice is not None:
        return choice
    return max((DEFAULTS.get(role, _NOTHING)[kind][severity] for role in roles), key=_ORDER.index, default="never")


@dataclass(frozen=True, slots=True)
class Preference:
    """The choices of a person about mails. Version 0 means that the person has not chosen anything yet."""

    person_id: str
    rules: Rules = field(default_factory=dict)
    time_zone: str = "UTC"
    version: int = 0
    monday_service_ids: Sequence[str] = ()
    """The services that the person's Monday mail is about."""


def mail_delivery_id(person_id: str, event_id: str) -> str:
    """Return the id of the delivery of an event to a person by mail.

    The id depends only on person and event, so an event that is read twice makes one delivery.
    """
    return named_id(NAMESPACE, MAIL, person_id, event_id)


def next_digest(now: UtcMicroseconds, time_zone: str) -> UtcMicroseconds:
    """Return the next instant after ``now`` at which it is 08:00 in the time zone."""
    zone = ZoneInfo(time_zone)
    local = datetime.fromtimestamp(now / SECOND, zone)
    at = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0, fold=0)
    if at <= local:
        # By the calendar, not by 24 hours: a day of a change of the clocks is longer or shorter.
        at = datetime.combine((local + timedelta(days=1)).date(), at.time(), zone)
    return int(at.timestamp()) * SECOND
