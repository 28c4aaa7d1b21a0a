"""Answers about the intake of facts: indicators, batches, OTLP, imports of history, quarantine, and sources."""

from __future__ import annotations

from typing import Any, Literal

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import Document, Exact, Instant, Length

IndicatorKind = Literal["availability", "ratio", "value", "count", "rating", "recovery"]
Reading = Literal["value", "state", "counter", "good", "bad"]
QuarantineState = Literal["quarantined", "released", "discarded"]


class ScaleAnswer(Answer):
    """The lowest and the highest score that ratings of an indicator may have."""

    lowest: Exact
    """The lowest score"""
    highest: Exact
    """The highest score"""


class RegisteredIndicator(Answer):
    """An indicator as it was registered: a named stream of measurements about one service."""

    key: str
    """Key of the indicator, given by its party"""
    owner_party_id: str
    """Id of the party to which the indicator belongs"""
    kind: IndicatorKind
    """What is measured"""
    unit: str | None
    """Unit of its values, such as `ms`; null if they have none"""
    initial_state: Literal["up", "down", "degraded", "unknown"]
    """For availability: the state before the first measurement"""
    service_id: str | None
    """Id of the service that is measured; null if the indicator was registered without one"""
    stale_after: Length | None
    """Time without a measurement after which the indicator is stale; null for never"""
    scale: ScaleAnswer | None
    """For a rating: the lowest and the highest possible score; null for other kinds"""


class IndicatorAnswer(RegisteredIndicator):
    """An indicator with the state of its data: whether it still sends, and its latest fact."""

    subject: str
    """Id of the indicator's party and the indicator's key, joined by `/`"""
    external_refs: list[Document]
    """Names of the indicator in other systems, as registered"""
    stale_since_at: Instant | None
    """Since when the indicator has sent nothing; null if it sends"""
    last_fact_at: Instant | None = ABSENT
    """Instant of its latest fact; null if there is none; missing unless `with_last=true` asks for it"""


class ItemFault(Answer):
    """A field of a batch item that is wrong, with the remedy."""

    field: str
    """Name of the field"""
    value: Any
    """The value that was sent, shortened if it is long"""
    remedy: str
    """What to send instead"""


class RefusedItem(Answer):
    """An item of a batch that was not accepted, with the reason."""

    index: int
    """Position of the item in the batch, from 0"""
    outcome: Literal["rejected", "quarantined"]
    """`rejected` items are not kept; `quarantined` items are kept and not evaluated"""
    code: str
    """Reason, such as `unknown_indicator`"""
    errors: list[ItemFault]
    """The fields that are wrong"""


class IntakeReceipt(Answer):
    """The result of a batch of measurements or ticket events. Items that are not listed were accepted."""

    accepted: int
    """How many items were accepted, and are durable"""
    rejected: int
    """How many items were rejected"""
    quarantined: int
    """How many items were put into the quarantine"""
    position: str
    """Position after the batch: a read with `min_position` set to this value waits until the batch is evaluated"""
    items: list[RefusedItem]
    """The items that were not accepted"""


class OtlpPartialSuccess(Answer):
    """The number of data points of an OTLP request that were not accepted, and why."""

    rejectedDataPoints: str
    """Number of rejected data points, as text, which is how OTLP writes it"""
    errorMessage: str
    """Reasons for the first few rejected data points"""


class OtlpReceipt(Answer):
    """The answer to an OTLP request: empty if all data points were accepted."""

    partialSuccess: OtlpPartialSuccess = ABSENT
    """The data points that were not accepted; missing if all were"""


class ImportAnswer(Answer):
    """An import of history, and its progress."""

    import_id: str
    """Id of the import"""
    state: Literal["opening", "open", "completing", "judged"]
    """State of the import: `completing` while its history is being evaluated"""
    owner_party_id: str
    """Id of the party to which the imported history belongs"""
    opened_by: str | None
    """Id of the principal that opened the import; null for readers of another party"""
    indicators: list[str]
    """Keys of the indicators whose past is not evaluated before the import ends; only those that the reader may see"""
    sources: list[str]
    """Names of the ticket sources whose past is not evaluated before the import ends"""
    ended_as: Literal["completed", "ended", "expired"] | None
    """How the import ended; null while it is open"""
    opened_at: Instant
    """When the import was opened"""
    through_at: Instant
    """Time before this instant is not evaluated before the import ends"""
    expires_at: Instant
    """When the import ends automatically, unless more of its history arrives"""
    ended_at: Instant | None
    """When the import was completed, was ended early, or expired; null while it is open"""
    judged_at: Instant | None
    """When all of its history was evaluated; null until then"""


class ImportedAgreement(Answer):
    """How many windows and clocks an import changed in one agreement."""

    agreement_id: str
    """Id of the agreement"""
    windows_closed: int
    """How many windows were closed because of the import"""
    windows_restated: int
    """How many closed windows were restated because of the import"""
    clocks_ended: int
    """How many clocks of tickets ended because of the imported history"""


class ImportWithCounts(ImportAnswer):
    """An import of history, with how many windows and clocks the import changed."""

    windows_closed: int
    """How many windows were closed because of the import, in agreements that the reader may see"""
    windows_restated: int
    """How many closed windows were restated because of the import, in agreements that the reader may see"""
    clocks_ended: int
    """How many clocks of tickets ended because of the imported history, in agreements that the reader may see"""
    agreements: list[ImportedAgreement]
    """The same numbers for each agreement"""


class QuarantinedFactAnswer(Answer):
    """A fact in the quarantine: kept but not evaluated, with the reason and the decision on it."""

    quarantine_id: str
    """Id of the quarantined fact"""
    owner_party_id: str | None
    """Id of the party to which the fact belongs; null if that is not known"""
    subject: str
    """Key of the fact's indicator, or name of its ticket"""
    reason: str
    """Why the fact was quarantined, such as `in_the_future`"""
    fact: Document
    """The fact as it was sent"""
    received_at: Instant
    """When the fact was received"""
    state: QuarantineState
    """Decision on the fact; `quarantined` until it is decided"""
    decided_at: Instant | None
    """When the decision was made; null until then"""


class QuarantineDecisionAnswer(Answer):
    """The decision on a quarantined fact: released or discarded."""

    quarantine_id: str
    """Id of the quarantined fact"""
    state: Literal["released", "discarded"]
    """`released` into the intake to be evaluated, or `discarded`"""


class SuspendedSourceAnswer(Answer):
    """A suspended source. Too many of its facts could not be evaluated, so all its facts are quarantined until somebody
    resumes the source.
    """

    owner_party_id: str
    """Id of the party to which the source belongs"""
    topic: str
    """Topic of the source's facts"""
    source: str
    """Name of the source; empty for facts without one"""
    reason: str
    """Why the last of its facts could not be evaluated"""
    since_at: Instant
    """Since when the source is suspended"""


class ResumedSourceAnswer(Answer):
    """A source that was resumed: facts that it sends from now on are evaluated."""

    owner_party_id: str
    """Id of the party to which the source belongs"""
    topic: str
    """Topic of the source's facts"""
    source: str
    """Name of the source; empty for facts without one"""
    state: Literal["resumed"]
    """New state of the source: its facts are evaluated"""


class RefusedCount(Answer):
    """The number of items of a source that were refused for one reason."""

    code: str
    """Reason, such as `unknown_indicator`; `malformed_body` counts requests that could not be read at all"""
    items: int
    """Number of refused items"""


class SourceAnswer(Answer):
    """A source of facts, with counts of what it sent. A source is a principal with one of its source names."""

    source_id: str
    """Id of the source"""
    owner_party_id: str
    """Id of the party to which the source's facts belong"""
    topic: Literal["slm.measurements", "slm.tickets"]
    """Topic of the source's facts"""
    source: str
    """Value of `source` in the items; empty for items without one"""
    principal_id: str
    """Id of the principal with whose API key the source sends"""
    principal_name: str
    """Name of the principal with whose API key the source sends"""
    state: Literal["sending", "quiet", "silent"]
    """`sending`: a fact within the last hour; `quiet`: within the last day; `silent`: longer ago, or never"""
    first_seen_at: Instant
    """When the source first sent something"""
    last_fact_at: Instant | None
    """When the source's last fact was accepted; null: none ever was"""
    last_refused_at: Instant | None
    """When an item of the source was last refused; null: none ever was"""
    facts_last_hour: int
    """Facts accepted in the last hour, exact to ten minutes"""
    facts_last_day: int
    """Facts accepted in the last day, exact to ten minutes"""
    refused_last_day: list[RefusedCount]
    """Items rejected or quarantined in the last day, by reason"""
    ignored_last_day: int
    """Samples from Prometheus that were left out in the last day, because no series rule matches their series"""
    ignored: list[str]
    """Names of at most ten of the series whose samples were left out last"""


class RefusedItemOfSource(Answer):
    """An item of a source that was rejected or quarantined, with the reason and the remedy."""

    at: Instant
    """When the item was sent"""
    subject: str
    """Key of the item's indicator, or number of its ticket; empty if it could not be read"""
    outcome: Literal["rejected", "quarantined"]
    """`rejected` items are not kept; `quarantined` items are kept and not evaluated"""
    code: str
    """Reason, such as `unknown_indicator`"""
    field: str
    """The field that is wrong; empty: the whole request"""
    value: Any
    """The value that was sent, shortened if it is long"""
    remedy: str
    """What to send instead"""


class SourceWithRefused(SourceAnswer):
    """A source of facts with its last refused items."""

    refused: list[RefusedItemOfSource]
    """The last twenty items that were refused, the latest first"""


class SeriesRuleAnswer(Answer):
    """A series rule: the series that it matches, and the indicator that the samples of these series measure."""

    match: str
    """A selector of series as in PromQL"""
    indicator: str
    """Key of the indicator; `{label}` stands for the value of that label"""
    labels: list[str]
    """Names of the series' labels that are kept as labels of the measurements"""
    reading: Reading | None
    """What each sample is; null: the reading that fits the kind of the indicator"""


class SeriesRulesAnswer(Answer):
    """All series rules of a party, in order. For a series, the first rule that matches it is used."""

    rules: list[SeriesRuleAnswer]
    """The rules, in order"""
    revision: int
    """How often the rules were replaced or deleted"""
    changed_at: Instant | None
    """When the rules were last changed; null: never"""
    changed_by: str | None
    """Name of the principal who changed the rules last; null: never changed"""


class PreviewedSeries(Answer):
    """What a series would measure."""

    series: str
    """The series as Prometheus writes it; if this is too long or not printable, the metric's name with a hash"""
    rule: int | None
    """Number of the rule that is used, from 0; null: no rule matches, or a label that the rule needs is missing"""
    indicator: str | None
    """Key of the indicator, by rule or label `slm_indicator`; null: the series is left out or has a `problem`"""
    labels: dict[str, str]
    """Labels that the measurements of the series would have"""
    reading: Reading | None
    """What each sample of the series would be; null if there is no indicator or a `problem`"""
    kind: IndicatorKind | None
    """Kind of the indicator; null if there is no indicator, or it is not registered"""
    problem: str | None
    """Why all samples of the series would be refused; null if no such reason is known"""


class SeriesPreview(Answer):
    """What each of the given series would measure."""

    items: list[PreviewedSeries]
    """One entry for each series, in the order in which they were given"""
