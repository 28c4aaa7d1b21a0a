"""Requests, decisions and revocations of exclusions: each writes its record, the message to every partition, and its
event in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_calendar import durations, recurrences
from slm_calendar.errors import refusal
from slm_calendar.intervals import Interval
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import delegates, exclusion_workflow, frozen_periods, maintenance_rules
from slm_monitor.domain.exclusions.delegates import ExclusionDelegate
from slm_monitor.domain.exclusions.exclusion_workflow import APPROVED, ActingParty, ExclusionRecord
from slm_monitor.domain.exclusions.maintenance_rules import (
    KINDS,
    PLANNED,
    ApprovedExclusion,
    ExclusionScope,
    UncountedExclusionTime,
)
from slm_monitor.domain.terms.terms import parse_targets


class NoSuchObject(Exception):
    """No such object exists, or the caller may not see it.

    ``kind``: agreement, exclusion or delegate; ``given``: the id that was given.
    """

    def __init__(self, kind: str, given: str) -> None:
        super().__init__(kind, given)
        self.kind, self.given = kind, given


class ExclusionStore(Protocol):
    """The store of exclusions and delegates, inside one transaction."""

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def knows(self, one: str, other: str) -> bool:
        """Return whether two parties have a relation."""
        ...

    async def add(self, entry: ExclusionRecord) -> None: ...

    async def locked(self, exclusion_id: str) -> ExclusionRecord | None:
        """Read and lock an exclusion until the transaction ends."""
        ...

    async def keep(self, entry: ExclusionRecord) -> None:
        """Store the new state of an exclusion."""
        ...

    async def approved(self, agreement_id: str) -> Sequence[ApprovedExclusion]: ...

    async def silent(self, now: UtcMicroseconds) -> Sequence[ExclusionRecord]:
        """Read and lock the exclusions whose time limit has passed without a decision.

        Exclusions that another replica has locked are left out.
        """
        ...

    async def delegates(self, agreement_id: str) -> Sequence[ExclusionDelegate]: ...

    async def delegate(self, delegate_id: str) -> ExclusionDelegate | None:
        """Read and lock a delegate until the transaction ends."""
        ...

    async def keep_delegate(self, delegate: ExclusionDelegate) -> None: ...

    async def tell_partitions(self, agreement_id: str) -> None: ...

    def publish(self, event: Any, at: UtcMicroseconds) -> None: ...


@dataclass(frozen=True, slots=True)
class ExclusionRequest:
    """The content of a request for an exclusion, with instants in µs.

    It has exactly one of ``interval`` and ``recurrence`` (``{"rule", "from", "duration", "timezone"}``). ``services``,
    ``indicators`` and ``targets`` limit the exclusion to parts of the agreement, by id or key.
    """

    agreement_id: str
    kind: str
    text: str
    interval: Interval | None = None
    recurrence: Mapping[str, Any] | None = None
    services: Sequence[str] = ()
    indicators: Sequence[str] = ()
    targets: Sequence[str] = ()
    evidence: Sequence[Mapping[str, Any]] = ()
    announced_at: UtcMicroseconds | None = None
    decide_by_at: UtcMicroseconds | None = None
    if_silent: str | None = None


async def request_exclusion(
    register: ExclusionStore, wanted: ExclusionRequest, exclusion_id: str, by: ActingParty, now: UtcMicroseconds
) -> ExclusionRecord:
    """Store an exclusion that waits for the other party's decision, and publish the request.

    Raises NoSuchObject, and CalendarError that names the invalid field.
    """
    entry = await prepare_exclusion(register, wanted, exclusion_id, by, now)
    await register.add(entry)
    register.publish(exclusion_workflow.build_exclusion_requested(entry), now)
    return entry


async def prepare_exclusion(
    register: ExclusionStore, wanted: ExclusionRequest, exclusion_id: str, by: ActingParty, now: UtcMicroseconds
) -> ExclusionRecord:
    """Build and check the exclusion of a request, without storing it. Raises the same errors as
    ``request_exclusion``.
    """
    agreement = await register.agreement(wanted.agreement_id)
    latest = agreement.versions[-1] if agreement.versions else None
    parties = () if latest is None else (latest["provider_party_id"], latest["customer_party_id"])
    if latest is None or by.party_id not in parties:
        raise NoSuchObject("agreement", wanted.agreement_id)
    if latest.get("recorded_by_party_id") is not None:
        remedy = "leave it out: the other party of an agreement on record does not use the product and cannot decide"
        raise refusal("agreement_id", wanted.agreement_id, remedy)
    _check(wanted, now)
    requested = _requested_intervals(wanted, latest)
    _refuse_in_frozen_period(wanted, requested, agreement.versions)
    return ExclusionRecord(
        exclusion_id=exclusion_id,
        agreement_id=wanted.agreement_id,
        provider_party_id=latest["provider_party_id"],
        customer_party_id=latest["customer_party_id"],
        kind=wanted.kind,
        scope=_scope(wanted, agreement.versions),
        intervals=tuple(requested),
        recurrence=_recurrence_document(wanted.recurrence, latest),
        text=wanted.text,
        evidence=wanted.evidence,
        requested_by=by,
        requested_at=now,
        announced_at=now if wanted.announced_at is None else wanted.announced_at,
        decide_by_at=wanted.decide_by_at,
        if_silent=wanted.if_silent,
    )


def _check(wanted: ExclusionRequest, now: UtcMicroseconds) -> None:
    if wanted.kind not in KINDS:
        raise refusal("kind", wanted.kind, f"one of {', '.join(KINDS)}")
    if (wanted.interval is None) == (wanted.recurrence is None):
        raise refusal("interval", wanted.interval, "give an interval or a recurrence, one of them")
    if wanted.announced_at is not None and wanted.announced_at > now:
        raise refusal("announced_at", instants.to_text(wanted.announced_at), "it was announced by now, not later")
    if (wanted.decide_by_at is None) != (wanted.if_silent is None):
        raise refusal("if_silent", wanted.if_silent, "decide_by_at and if_silent belong together: give both or neither")
    if wanted.decide_by_at is not None and wanted.decide_by_at <= now:
        raise refusal("decide_by_at", instants.to_text(wanted.decide_by_at), "give an instant that is still to come")


def _requested_intervals(wanted: ExclusionRequest, finalized: Mapping[str, Any]) -> list[Interval]:
    if wanted.interval is not None:
        start, end = wanted.interval
        if end <= start:
            raise refusal("interval.to", instants.to_text(end), "an interval ends after its start")
        return [wanted.interval]
    rule = wanted.recurrence
    assert rule is not None
    length = durations.from_iso(rule["duration"], "recurrence.duration")
    if length <= 0:
        raise refusal("recurrence.duration", rule["duration"], "give a length above zero")
    # A rule without an end runs to the end of the agreement's term, or for the longest span that rules are expanded
    # over.
    expires = finalized.get("expires_at")
    end = instants.from_text(expires) if expires else rule["from"] + recurrences.LONGEST
    zone = rule.get("timezone") or finalized["timezone"]
    return recurrences.occurrences(rule["rule"], zone, rule["from"], length, end)


def _refuse_in_frozen_period(
    wanted: ExclusionRequest, requested: Sequence[Interval], versions: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse planned maintenance that touches a frozen critical period. Time that nobody planned may be excluded."""
    found = frozen_periods.find_frozen_occurrence(requested, versions) if wanted.kind == PLANNED else None
    if found is not None:
        start, end = (instants.to_text(each) for each in found.requested)
        field = "interval" if wanted.recurrence is None else "recurrence"
        raise refusal(field, {"from": start, "to": end}, found.explain_remedy())


def _recurrence_document(
    recurrence: Mapping[str, Any] | None, finalized: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if recurrence is None:
        return None
    zone = recurrence.get("timezone") or finalized["timezone"]
    return {**recurrence, "from": instants.to_text(recurrence["from"]), "timezone": zone}


def _scope(wanted: ExclusionRequest, versions: Iterable[Mapping[str, Any]]) -> ExclusionScope:
    """Return the parts of the agreement to which the exclusion is limited, as ids.

    Raises CalendarError for a name that the agreement does not have.
    """
    known = [terms for version in versions for terms in parse_targets(version)]
    services = {version["service_key"]: version["service_id"] for version in versions}
    return ExclusionScope(
        _ids_of("services", wanted.services, {**services, **{terms.service_id: terms.service_id for terms in known}}),
        _ids_of(
            "indicators",
            wanted.indicators,
            {
                name: terms.indicator
                for terms in known
                if terms.indicator is not None
                for name in (terms.indicator, terms.indicator.partition("/")[2])
            },
        ),
        _ids_of(
            "targets",
            wanted.targets,
            {name: terms.target_id for terms in known for name in (terms.target_id, terms.key)},
        ),
    )


def _ids_of(field: str, given: Sequence[str], known: Mapping[str, str]) -> frozenset[str]:
    for number, name in enumerate(given):
        if name not in known:
            remedy = f"the agreement has none of that name; it has {', '.join(sorted(known)) or 'none'}"
            raise refusal(f"{field}[{number}]", name, remedy)
    return frozenset(known[name] for name in given)


async def decide_exclusion(
    register: ExclusionStore, exclusion_id: str, decision: str, by: ActingParty, reason: str, now: UtcMicroseconds
) -> tuple[ExclusionRecord, Sequence[UncountedExclusionTime]]:
    """Approve or reject an exclusion. ``decision``: ``approved`` or ``rejected``.

    The party that did not request the exclusion decides, or a delegate in its place. Return the exclusion, and the time
    that is approved but not excluded. Raises NoSuchObject, ExclusionDecisionNotAllowed, InvalidExclusionTransition.
    """
    entry = await register.locked(exclusion_id)
    if entry is None:
        raise NoSuchObject("exclusion", exclusion_id)
    instead_of = None
    if by.party_id not in (entry.provider_party_id, entry.customer_party_id):
        appointed = await register.delegates(entry.agreement_id)
        if not delegates.may_decide_as_delegate(appointed, entry.other_party_id, by.party_id, now):
            raise NoSuchObject("exclusion", exclusion_id)
        instead_of = entry.other_party_id
    return await _decided(
        register, exclusion_workflow.apply_exclusion_decision(entry, decision, by, reason, now, instead_of), now
    )


async def appoint_exclusion_delegate(
    register: ExclusionStore, wanted: ExclusionDelegate, now: UtcMicroseconds
) -> ExclusionDelegate:
    """Let a delegate decide on exclusions in place of the appointing party (``wanted.party_id``).

    Raises NoSuchObject, and CalendarError that names the invalid field.
    """
    agreement = await register.agreement(wanted.agreement_id)
    latest = agreement.versions[-1] if agreement.versions else None
    parties = () if latest is None else (latest["provider_party_id"], latest["customer_party_id"])
    if wanted.party_id not in parties:
        raise NoSuchObject("agreement", wanted.agreement_id)
    if wanted.delegate_party_id in parties:
        raise refusal("delegate_party_id", wanted.delegate_party_id, "a party of the agreement decides for itself")
    # An unrelated party gets the same answer as one that does not exist: ids follow from keys and could be guessed.
    if not await register.knows(wanted.party_id, wanted.delegate_party_id):
        remedy = "write the id of a party that yours has a relation with"
        raise refusal("delegate_party_id", wanted.delegate_party_id, remedy)
    if wanted.ends_at is not None and wanted.ends_at <= now:
        raise refusal("ends_at", instants.to_text(wanted.ends_at), "give an instant that is still to come")
    await register.keep_delegate(wanted)
    return wanted


async def dismiss_exclusion_delegate(
    register: ExclusionStore, delegate_id: str, by: ActingParty, now: UtcMicroseconds
) -> ExclusionDelegate:
    """End the appointment of a delegate, so that the party decides itself again.

    Raises NoSuchObject, DelegateAlreadyDismissed.
    """
    held = await register.delegate(delegate_id)
    if held is None or held.party_id != by.party_id:
        raise NoSuchObject("delegate", delegate_id)
    gone = delegates.end_delegate_appointment(held, by, now)
    await register.keep_delegate(gone)
    return gone


async def _decided(
    register: ExclusionStore, entry: ExclusionRecord, now: UtcMicroseconds
) -> tuple[ExclusionRecord, Sequence[UncountedExclusionTime]]:
    """Store and publish the decision on an exclusion; if it is approved, send a message to every partition."""
    await register.keep(entry)
    uncounted: Sequence[UncountedExclusionTime] = ()
    if entry.state == APPROVED:
        uncounted = await list_time_not_excluded(register, entry)
        await register.tell_partitions(entry.agreement_id)
    register.publish(exclusion_workflow.build_exclusion_decided(entry, uncounted, now), entry.decided_at or now)
    return entry, uncounted


async def list_time_not_excluded(register: ExclusionStore, entry: ExclusionRecord) -> Sequence[UncountedExclusionTime]:
    """Return the time of an approved exclusion that figures still count, with the reasons.

    The list is empty for an exclusion in any other state.
    """
    if entry.state != APPROVED:
        return ()
    agreement = await register.agreement(entry.agreement_id)
    counts = maintenance_rules.compute_effective_exclusions(
        await register.approved(entry.agreement_id), agreement.versions
    )
    return counts[entry.exclusion_id].uncounted


async def revoke_exclusion(
    register: ExclusionStore, exclusion_id: str, by: ActingParty, reason: str, now: UtcMicroseconds
) -> ExclusionRecord:
    """Revoke an approved exclusion, as either party of the agreement. Raises NoSuchObject,
    InvalidExclusionTransition.
    """
    entry = exclusion_workflow.apply_exclusion_revocation(await _theirs(register, exclusion_id, by), by, reason, now)
    await register.keep(entry)
    await register.tell_partitions(entry.agreement_id)
    register.publish(exclusion_workflow.build_exclusion_revoked(entry), now)
    return entry


async def _theirs(register: ExclusionStore, exclusion_id: str, by: ActingParty) -> ExclusionRecord:
    """Read and lock an exclusion of an agreement to which the acting party belongs. Raises NoSuchObject."""
    entry = await register.locked(exclusion_id)
    if entry is None or by.party_id not in (entry.provider_party_id, entry.customer_party_id):
        raise NoSuchObject("exclusion", exclusion_id)
    return entry


async def decide_exclusions_by_silence(register: ExclusionStore, now: UtcMicroseconds) -> int:
    """Decide the exclusions whose time limit has passed, each as its ``if_silent`` says; return
    how many were decided.
    """
    entries = await register.silent(now)
    for entry in entries:
        await _decided(register, exclusion_workflow.apply_exclusion_silence(entry), now)
    return len(entries)
