"""Response models of the chain check: do the supporting agreements that a party named promise enough for a target?"""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import ABSENT, Answer, Instant

Question = Literal["availability", "response", "resolution", "closure", "recovery_time", "recovery_point"]
Disclosed = Literal["nothing", "terms"]
Side = Literal["provider", "customer"]


class HoursGapResponse(Answer):
    """Service hours of a target that a supporting agreement does not cover."""

    required: str
    """The target's service hours in words"""
    provided: str
    """The service hours of the supporting agreement in words"""
    normal_week: dict[str, list[list[str]]]
    """Weekdays such as `mon-fri` → uncovered times of a normal week, as pairs of local times (`HH:MM`); empty if only
    other weeks have gaps
    """
    normal_week_seconds: int
    """Length of all gaps of a normal week, in seconds"""
    uncovered_seconds: int
    """Length of all gaps while both agreements are in force, in seconds; of ten years at most"""
    first_uncovered: list[list[Instant]]
    """The first ten gaps as pairs of instants, the second excluded"""


class ChainFindingResponse(Answer):
    """An error of the chain check: a supporting agreement that promises less than is needed."""

    field: str
    """Path of the promise that is not carried, or of the support in the document"""
    value: str
    """The number of the supporting agreement in words"""
    remedy: str
    """The arithmetic in words, and what would be needed"""
    code: str
    """Name of the rule, such as `chain.availability`, `chain.hours` or `chain.term`"""
    severity: Literal["error"]
    """Always `error`: it refuses the signature, and nobody can waive it"""
    support_id: str
    """Id of the support in the document"""
    agreement_id: str
    """Id of the supporting agreement"""
    title: str
    """Title of the supporting agreement"""
    number: str
    """What the supporting agreement promises"""
    needed: str
    """What it would have to promise"""
    target: str | None
    """Key of the target that is not carried, or `continuity` for that clause; null: all that rests on the support"""
    gap: HoursGapResponse | None
    """The service hours that are not covered; null: the finding is not about hours"""


class SupportPartResponse(Answer):
    """What one supporting agreement contributes to a promise."""

    support_id: str
    """Id of the support in the document"""
    number: str
    """What it promises: a percent (exact fraction as text) or an ISO 8601 duration"""
    needed_alone: str | None = ABSENT
    """What it would have to promise, the others unchanged (as `number`). A percent above 100 cannot be mended here
    alone; null: no number would mend it
    """
    needed: str | None = ABSENT
    """What is asked of it; of availabilities, each support that is short is asked for the same. Null: it is enough"""
    gap: HoursGapResponse | None = ABSENT
    """The service hours that it leaves uncovered; null: none"""


class ChainQuestionResponse(Answer):
    """One promise of a target, and what the supporting agreements achieve together for this promise.

    If the other party named the supporting agreements, the answer has the numbers of the disclosed ones only. It has
    the arithmetic only if all of them are disclosed.
    """

    question: Question
    """What is compared: an availability, the time of a ticket clock, or a recovery"""
    required: str
    """What the agreement promises: a percent (exact fraction as text) or an ISO 8601 duration"""
    achieved: str = ABSENT
    """What the supports come to together (as `required`)"""
    arithmetic: str = ABSENT
    """The arithmetic in words, such as `99.5 % × 99 % = 98.505 %`"""
    is_enough: bool = ABSENT
    """Whether `achieved` is enough for `required`"""
    supports: list[SupportPartResponse]
    """The supports that promise something about it"""


class CarriedTargetResponse(Answer):
    """A target, and whether the supporting agreements promise enough for it."""

    target: str
    """Key of the target, or `continuity` for that clause"""
    carried: bool
    """Whether the supports that promise something about it carry it: numbers, service hours, term and notice"""
    questions: list[ChainQuestionResponse]
    """The promises that are compared"""


class NamedSupportResponse(Answer):
    """A supporting agreement of one side. The other side's party sees which agreement it is only if it is disclosed."""

    support_id: str
    """Id of the support in the document"""
    disclose: Disclosed
    """What the other party may read of it"""
    agreement_id: str = ABSENT
    """Id of the supporting agreement"""
    title: str = ABSENT
    """Title of the supporting agreement"""
    kind: Literal["ola", "uc"] = ABSENT
    """Kind of the supporting agreement"""


class SideChainResponse(Answer):
    """The supporting agreements that one side named, and whether they promise enough for the targets."""

    side: Side
    """The side that named them"""
    yours: bool
    """Whether it is the side of the caller's party"""
    holds: bool
    """Whether they carry everything that rests on them; if not, nobody can sign"""
    supports: list[NamedSupportResponse]
    """The supports in the order of the document"""
    targets: list[CarriedTargetResponse]
    """The targets about which at least one of them promises something"""
    findings: list[ChainFindingResponse]
    """What is missing; empty for the other side"""
    unsupported_services: list[str]
    """Ids of services on which the agreement's service depends and for which no support was named; empty for the other
    side
    """


class ChainCheckResponse(Answer):
    """The chain check, as the caller's party may read it."""

    sides: list[SideChainResponse]
    """The provider's side and the customer's"""
