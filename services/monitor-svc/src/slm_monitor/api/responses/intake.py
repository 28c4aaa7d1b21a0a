"""Answers about the intake of facts: indicators, batches, OTLP, imports of history, and quarantine."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import Document, Exact, Instant, Length

IndicatorKind = Literal["availability", "ratio", "value", "count", "rating", "recovery"]
QuarantineState = Literal["quarantined", "released", "discarded"]


class ScaleAnswer(Answer):
    """The scores that a rating may have."""

    lowest: Exact
    """The lowest score"""
    highest: Exact
    """The highest score"""


class RegisteredIndicator(Answer):
    """A named stream of measurements about one service."""

    key: str
    """Its key, given by its party"""
    owner_party_id: str
    """Id of the party that it belongs to"""
    kind: IndicatorKind
    """What is measured"""
    unit: str | None
    """Unit of its values, such as `ms`; null if it has none"""
    initial_state: Literal["up", "down", "degraded", "unknown"]
    """Its state before the first measurement, for availability"""
    service_id: str | None
    """Id of the service that it is about; null if it was registered without one"""
    stale_after: Length | None
    """How long after its last measurement it counts as stale; null for never"""
    scale: ScaleAnswer | None
    """For a rating: the scores that there are; null for other kinds"""


class IndicatorAnswer(RegisteredIndicator):
    """A named stream of measurements about one service, and whether it still sends."""

    subject: str
    """Its party's id and its key, joined by `/`"""
    external_refs: list[Document]
    """The same thing in other systems, as it was registered"""
    stale_since_at: Instant | None
    """Since when it has sent nothing; null if it sends"""


class ItemFault(Answer):
    """What is wrong with a field of an item."""

    field: str
    """The field"""
    value: Any
    """What was sent, shortened where it is long"""
    remedy: str
    """What to send instead"""


class RefusedItem(Answer):
    """An item of a batch that was not accepted."""

    index: int
    """Its place in the batch, from 0"""
    outcome: Literal["rejected", "quarantined"]
    """`rejected` items are not kept; `quarantined` ones are kept and not judged"""
    code: str
    """Why, such as `unknown_indicator`"""
    errors: list[ItemFault]
    """What is wrong with it"""


class IntakeReceipt(Answer):
    """The result of a batch. Items that are not listed were accepted."""

    accepted: int
    """How many items were accepted; they are durable"""
    rejected: int
    """How many items were rejected"""
    quarantined: int
    """How many items were set aside"""
    position: str
    """Send it as `min_position` to read what is known once the batch is judged"""
    items: list[RefusedItem]
    """The items that were not accepted"""


class OtlpPartialSuccess(Answer):
    """The data points that were not accepted."""

    rejectedDataPoints: str
    """How many, a number as text as OTLP writes it"""
    errorMessage: str
    """Why, for the first few of them"""


class OtlpReceipt(Answer):
    """The answer of OTLP: empty if all data points were accepted."""

    partialSuccess: OtlpPartialSuccess = ABSENT
    """The data points that were not accepted; missing if all were"""


class ImportAnswer(Answer):
    """An import of history, and its progress."""

    import_id: str
    """Id of the import"""
    state: Literal["opening", "open", "completing", "judged"]
    """Its state: `completing` while its history is being judged"""
    owner_party_id: str
    """Id of the party whose history it is"""
    opened_by: str | None
    """Id of the principal that opened it; null for readers of another party"""
    indicators: list[str]
    """Keys of the indicators whose past waits for it, of those that the reader may see"""
    sources: list[str]
    """Names of the ticket tools whose past waits for it"""
    ended_as: Literal["completed", "ended", "expired"] | None
    """How it ended; null while it is open"""
    opened_at: Instant
    """When it was opened"""
    through_at: Instant
    """Judgements before this instant wait for it"""
    expires_at: Instant
    """When it ends automatically unless more of its history arrives"""
    ended_at: Instant | None
    """When it was completed, given up or expired; null while it is open"""
    judged_at: Instant | None
    """When all of it was judged; null until then"""


class ImportedAgreement(Answer):
    """What an import changed of one agreement."""

    agreement_id: str
    """Id of the agreement"""
    windows_closed: int
    """How many windows were closed for it"""
    windows_restated: int
    """How many closed windows were restated for it"""
    clocks_ended: int
    """How many clocks of tickets ended by its history"""


class ImportWithCounts(ImportAnswer):
    """An import of history with what it has changed."""

    windows_closed: int
    """How many windows were closed for it, of the agreements that the reader may see"""
    windows_restated: int
    """How many closed windows were restated for it, of the agreements that the reader may see"""
    clocks_ended: int
    """How many clocks of tickets ended by its history, of the agreements that the reader may see"""
    agreements: list[ImportedAgreement]
    """The same for each agreement"""


class QuarantinedFactAnswer(Answer):
    """A fact that was set aside instead of judged."""

    quarantine_id: str
    """Id of the fact that was set aside"""
    owner_party_id: str | None
    """Id of the party that it belongs to; null if nobody knows"""
    subject: str
    """Key of its indicator, or its ticket"""
    reason: str
    """Why it was set aside, such as `in_the_future`"""
    fact: Document
    """The fact as it was sent"""
    received_at: Instant
    """When it was received"""
    state: QuarantineState
    """What was decided on it; `quarantined` until then"""
    decided_at: Instant | None
    """When it was decided on; null until then"""


class QuarantineDecisionAnswer(Answer):
    """What was decided on a fact that was set aside."""

    quarantine_id: str
    """Id of the fact that was set aside"""
    state: Literal["released", "discarded"]
    """`released` to be judged, or `discarded`"""


class SuspendedSourceAnswer(Answer):
    """A source that was set aside, as too much of what it sent could not be judged."""

    owner_party_id: str
    """Id of the party whose source it is"""
    topic: str
    """The topic that its facts travel on"""
    source: str
    """Its name; empty for facts without one"""
    reason: str
    """Why the last of its facts could not be judged"""
    since_at: Instant
    """Since when it is set aside"""


class ResumedSourceAnswer(Answer):
    """A source whose facts are judged again."""

    owner_party_id: str
    """Id of the party whose source it is"""
    topic: str
    """The topic that its facts travel on"""
    source: str
    """Its name; empty for facts without one"""
    state: Literal["resumed"]
    """The new state: its facts are judged again"""
