"""Answers about causes, about the supporting agreements that caused downtime, and about assignments.

A cause groups breaches and risks of one provider that come from the same outage, as one party sees them.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.shapes import Exact, Instant

Urgency = Literal["now", "unacknowledged", "at_risk", "unexplained", "in_hand", "done"]


class CauseSubject(Answer):
    """The thing that the breaches and risks of a cause have in common."""

    kind: Literal["indicator", "item", "ticket", "target"]
    """An indicator, a configuration item, a ticket, or a target that has none of them"""
    name: str
    """`<owner party>/<key>` of an indicator, the name of a configuration item, `<source>/<number>` of a ticket, or the
    id of a target"""


class BreachStateCounts(Answer):
    """How many of the caller's breaches are in each state of their handling. Part of a cause."""

    open: int
    """Breaches that nobody has acknowledged"""
    acknowledged: int
    """Acknowledged breaches without a root cause"""
    root_cause_given: int
    """Breaches with a root cause that are not closed"""
    closed: int
    """Closed breaches"""
    disputed: int
    """Disputed breaches whose dispute is not decided"""
    confirmed: int
    """Breaches confirmed by the decision of a dispute"""


class CauseAnswer(Answer):
    """A cause as the caller's party sees it. A customer sees only breaches and risks of its own agreements."""

    cause_id: str
    """Id of the cause, derived from its provider, its subject, and its start"""
    revision: int
    """0 at first; one more for each change of the cause as this party sees it"""
    state: Literal["current", "replaced", "withdrawn"]
    """`replaced`: the causes of `replaced_by` now have its breaches and risks; `withdrawn`: it has no breach or risk
    any more
    """
    replaced_by: list[str]
    """Ids of the causes to which its breaches and risks now belong"""
    provider_party_id: str
    """Id of the party that provides the services"""
    customer_party_ids: list[str]
    """Ids of the customers; a customer sees only its own id"""
    responsible_party_ids: list[str]
    """Ids of the parties that have to handle the breaches"""
    about: list[CauseSubject]
    """What the breaches and risks have in common"""
    start_at: Instant
    """Start of the cause, as far as this party's own breaches and risks show it"""
    end_at: Instant | None
    """End of the cause; null while it lasts"""
    is_downtime: bool
    """Whether a service was down: a breach or risk is of a target about availability or outages"""
    urgency: Urgency
    """`now`: the cause lasts and something is left to do; `unacknowledged`: it is over, and a breach is not
    acknowledged; `at_risk`: only a warning is in force; `unexplained`: a root cause is missing; `in_hand`: a breach is
    not closed; `done`: nothing is left to do
    """
    agreement_ids: list[str]
    """Ids of the agreements"""
    service_ids: list[str]
    """Ids of the services"""
    breaches: int
    """How many breaches the cause has"""
    breach_states: BreachStateCounts
    """How many of the breaches are in each state of their handling"""
    acknowledged_at: Instant | None
    """When a breach of the cause was last acknowledged; null if none was"""
    acknowledged_by_name: str | None
    """Name of the person or system that did so; null if nobody did"""
    breach_ids: list[str]
    """Ids of up to 1,000 breaches; `/breaches?cause_id=` lists all"""
    risks: int
    """How many risks the cause has"""
    risks_standing: int
    """How many of the risks are still in force"""
    risk_ids: list[str]
    """Ids of up to 1,000 risks; `/risks?cause_id=` lists all"""


class SkippedBreachAnswer(Answer):
    """A breach that was left unchanged when a step was taken for all breaches of its cause."""

    breach_id: str
    """Id of the breach"""
    code: Literal["already", "not-your-turn", "wrong-step"]
    """`already`: the step was taken before; `not-your-turn`: another party takes it; `wrong-step`: the breach's state
    does not allow it
    """
    reason: str
    """The reason in words"""


class CauseStepAnswer(Answer):
    """The result when one step was taken for all breaches of a cause."""

    cause_id: str
    """Id of the cause"""
    done: list[str]
    """Ids of the breaches that were taken through the step, each with a record and an event of its own"""
    skipped: list[SkippedBreachAnswer]
    """The breaches that were left unchanged, with the reason"""
    remaining: int
    """Breaches beyond the 1,000 that one request handles; send the same request again"""


class SupportPart(Answer):
    """The part of a window's downtime that a supporting agreement caused."""

    support_id: str
    """Id that stands for the supporting agreement in the signed document"""
    side: Literal["provider", "customer"]
    """The side that named the supporting agreement"""
    name: str
    """Title of the supporting agreement; for a reader who may not see it, "a support of the provider" or "a support of
    the customer"
    """
    agreement_id: str | None
    """Id of the supporting agreement; null for a reader who may not see it"""
    party_id: str | None
    """Id of the party that provides the supporting agreement; null for a reader who may not see it"""
    microseconds: Exact
    """Downtime that the support caused. Time in which several supports were down is split among them in equal parts"""
    share: Exact | None
    """Its part ÷ the whole downtime; null without downtime"""
    unknown_microseconds: Exact
    """Downtime in which nobody knows whether the support was up or down; it is the provider's own, unless another
    support was down
    """


class LargestPart(Answer):
    """Who caused the largest part of a window's downtime."""

    party_id: str | None
    """Id of the party; null for a reader who may not see the supporting agreement"""
    support_id: str | None
    """Id that stands for the supporting agreement in the signed document; null: the provider itself"""
    name: str
    """`the provider itself`, or the name of the supporting agreement as in `supports`"""


class AttributionAnswer(Answer):
    """A window's downtime, split among the supporting agreements that caused it and the provider.

    All parts are exact. Together they are exactly the downtime that the figure of the window counts.
    """

    target_id: str
    """Id of the target"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """Version of the agreement by whose terms the window is evaluated, and whose supports are asked"""
    window_id: str
    """Id of the window: `2026-11` for a calendar window, `PT1H` for a rolling one"""
    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window"""
    as_of: Instant
    """Downtime after this instant is not known yet"""
    is_chained: bool
    """Whether the signed version names any supporting agreement. If not, all downtime is the provider's own"""
    downtime_microseconds: Exact
    """The whole downtime"""
    own_microseconds: Exact
    """Downtime at instants at which no support was down: the provider's own"""
    own_share: Exact | None
    """The provider's own part ÷ the whole downtime; null without downtime"""
    supports: list[SupportPart]
    """The supporting agreements, those of the provider first"""
    largest: LargestPart | None
    """Who caused the largest part; of equal parts the provider's own. Null without downtime"""


class AssignmentAnswer(Answer):
    """The assignment of a breach, risk or cause within the caller's party, and the caller's snooze of it."""

    kind: Literal["breach", "risk", "cause"]
    """Whether the item is a breach, a risk or a cause"""
    item_id: str
    """Id of the breach, risk or cause"""
    assigned_to: str | None
    """Id of the person of the caller's party to whom the item is assigned; null: nobody"""
    note: str
    """Internal note of the party; empty if there is none"""
    assigned_by_principal_id: str | None
    """Id of the principal that last assigned the item; null if it was never assigned"""
    assigned_by_name: str | None
    """Name of the principal that last assigned the item"""
    assigned_at: Instant | None
    """When the item was last assigned"""
    is_snoozed: bool
    """Whether the caller's snooze is in force"""
    snoozed_until_at: Instant | None
    """Until when the caller has snoozed the item; null without such an instant"""
    snoozed_until_change: bool
    """Whether the snooze ends when the item changes"""
