"""Requests, decisions and revocations of exclusions: each writes its record, the message to every partition, and its
event in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from slm_calendar import durations, recurrences
from slm_calendar.errors import refusal
from slm_calendar.intervals import Interval
from slm_events import instants
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import delegates, exclusion_workflow, maintenance_rules
from slm_monitor.domain.exclusions.delegates import Delegate
from slm_monitor.domain.exclusions.exclusion_workflow import APPROVED, Actor, ExclusionEntry
from slm_monitor.domain.exclusions.maintenance_rules import KINDS, Exclusion, ExclusionScope, UncountedTime
from slm_monitor.domain.terms.terms import JUDGED, parse_targets


class NoSuchThing(Exception):
    """There is no such object that the caller may see. ``kind``: agreement, exclusion or delegate; ``given``: the
    id."""

    def __init__(self, kind: str, given: str) -> None:
        super().__init__(kind, given)
        self.kind, self.given = kind, given


class ExclusionStore(Protocol):
    """The store of exclusions, inside one transaction."""

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def knows(self, one: str, other: str) -> bool:
        """Whether two parties have a relation."""
        ...

    async def add(self, entry: ExclusionEntry) -> None: ...

    async def locked(self, exclusion_id: str) -> ExclusionEntry | None:
        """Read and lock an entry until the transaction ends."""
        ...

    async def keep(self, entry: ExclusionEntry) -> None:
        """Store the new state of an entry."""
        ...

    async def approved(self, agreement_id: str) -> Sequence[Exclusion]: ...

    async def silent(self, now: int) -> Sequence[ExclusionEntry]:
        """Read and lock the entries whose time to decide has passed. Entries that another replica has locked are left
        out."""
        ...

    async def delegates(self, agreement_id: str) -> Sequence[Delegate]: ...

    async def delegate(self, delegate_id: str) -> Delegate | None:
        """Read and lock a delegate until the transaction ends."""
        ...

    async def keep_delegate(self, delegate: Delegate) -> None: ...

    async def tell_partitions(self, agreement_id: str) -> None: ...

    def publish(self, event: Any, at: int) -> None: ...


@dataclass(frozen=True, slots=True)
class ExclusionRequest:
    """The request of an exclusion. It has exactly one of ``interval`` and ``recurrence`` (``{"rule", "from",
    "duration", "timezone"}``, ``from`` an instant).

    ``services``, ``indicators`` and ``targets`` limit it to parts of the agreement, by id or key.
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
    announced_at: int | None = None
    decide_by_at: int | None = None
    if_silent: str | None = None


async def request_exclusion(
    register: ExclusionStore, wanted: ExclusionRequest, exclusion_id: str, by: Actor, now: int
) -> ExclusionEntry:
    """Request an exclusion from the other party. Raises NoSuchThing, and CalendarError that names the field."""
    agreement = await register.agreement(wanted.agreement_id)
    latest = agreement.versions[-1] if agreement.versions else None
    parties = () if latest is None else (latest["provider_party_id"], latest["customer_party_id"])
    if latest is None or by.party_id not in parties:
        raise NoSuchThing("agreement", wanted.agreement_id)
    _check(wanted, now)
    entry = ExclusionEntry(
        exclusion_id=exclusion_id,
        agreement_id=wanted.agreement_id,
        provider_party_id=latest["provider_party_id"],
        customer_party_id=latest["customer_party_id"],
        kind=wanted.kind,
        scope=_scope(wanted, agreement.versions),
        intervals=tuple(_requested_intervals(wanted, latest)),
        recurrence=_recurrence_document(wanted.recurrence, latest),
        text=wanted.text,
        evidence=wanted.evidence,
        requested_by=by,
        requested_at=now,
        announced_at=now if wanted.announced_at is None else wanted.announced_at,
        decide_by_at=wanted.decide_by_at,
        if_silent=wanted.if_silent,
    )
    await register.add(entry)
    register.publish(exclusion_workflow.requested_event(entry), now)
    return entry


def _check(wanted: ExclusionRequest, now: int) -> None:
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


def _recurrence_document(
    recurrence: Mapping[str, Any] | None, finalized: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    if recurrence is None:
        return None
    zone = recurrence.get("timezone") or finalized["timezone"]
    return {**recurrence, "from": instants.to_text(recurrence["from"]), "timezone": zone}


def _scope(wanted: ExclusionRequest, versions: Iterable[Mapping[str, Any]]) -> ExclusionScope:
    """The named parts of the agreement, as ids. Raises CalendarError for a name it does not have."""
    known = [terms for version in versions for terms in parse_targets(version, JUDGED)]
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
    register: ExclusionStore, exclusion_id: str, decision: str, by: Actor, reason: str, now: int
) -> tuple[ExclusionEntry, Sequence[UncountedTime]]:
    """Approve or reject an exclusion as the other party or its delegate; return the entry and the time that does not
    count. Raises NoSuchThing, NotTheirs, WrongTurn."""
    entry = await register.locked(exclusion_id)
    if entry is None:
        raise NoSuchThing("exclusion", exclusion_id)
    instead_of = None
    if by.party_id not in (entry.provider_party_id, entry.customer_party_id):
        appointed = await register.delegates(entry.agreement_id)
        if not delegates.may_decide(appointed, entry.other_party_id, by.party_id, now):
            raise NoSuchThing("exclusion", exclusion_id)
        instead_of = entry.other_party_id
    return await _decided(register, exclusion_workflow.with_decision(entry, decision, by, reason, now, instead_of), now)


async def appoint_delegate(register: ExclusionStore, wanted: Delegate, now: int) -> Delegate:
    """Let another party decide on the exclusions requested of this one. Raises NoSuchThing, and CalendarError that
    names the field."""
    agreement = await register.agreement(wanted.agreement_id)
    latest = agreement.versions[-1] if agreement.versions else None
    parties = () if latest is None else (latest["provider_party_id"], latest["customer_party_id"])
    if wanted.party_id not in parties:
        raise NoSuchThing("agreement", wanted.agreement_id)
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


async def dismiss_delegate(register: ExclusionStore, delegate_id: str, by: Actor, now: int) -> Delegate:
    """End a delegation, so that the party decides by itself again. Raises NoSuchThing, EndedBefore."""
    held = await register.delegate(delegate_id)
    if held is None or held.party_id != by.party_id:
        raise NoSuchThing("delegate", delegate_id)
    gone = delegates.with_dismissal(held, by, now)
    await register.keep_delegate(gone)
    return gone


async def _decided(
    register: ExclusionStore, entry: ExclusionEntry, now: int
) -> tuple[ExclusionEntry, Sequence[UncountedTime]]:
    await register.keep(entry)
    uncounted: Sequence[UncountedTime] = ()
    if entry.state == APPROVED:
        uncounted = await uncounted_of(register, entry)
        await register.tell_partitions(entry.agreement_id)
    register.publish(exclusion_workflow.decided_event(entry, uncounted, now), entry.decided_at or now)
    return entry, uncounted


async def uncounted_of(register: ExclusionStore, entry: ExclusionEntry) -> Sequence[UncountedTime]:
    """The time of an approved exclusion that does not count, with the reasons."""
    if entry.state != APPROVED:
        return ()
    agreement = await register.agreement(entry.agreement_id)
    counts = maintenance_rules.effective_exclusions(await register.approved(entry.agreement_id), agreement.versions)
    return counts[entry.exclusion_id].uncounted


async def revoke_exclusion(
    register: ExclusionStore, exclusion_id: str, by: Actor, reason: str, now: int
) -> ExclusionEntry:
    """Revoke an approved exclusion. Raises NoSuchThing, WrongTurn."""
    entry = exclusion_workflow.with_revocation(await _theirs(register, exclusion_id, by), by, reason, now)
    await register.keep(entry)
    await register.tell_partitions(entry.agreement_id)
    register.publish(exclusion_workflow.revoked_event(entry), now)
    return entry


async def _theirs(register: ExclusionStore, exclusion_id: str, by: Actor) -> ExclusionEntry:
    entry = await register.locked(exclusion_id)
    if entry is None or by.party_id not in (entry.provider_party_id, entry.customer_party_id):
        raise NoSuchThing("exclusion", exclusion_id)
    return entry


async def decide_silent(register: ExclusionStore, now: int) -> int:
    """Decide the exclusions whose time to decide has passed, as each says for silence; return their number."""
    entries = await register.silent(now)
    for entry in entries:
        await _decided(register, exclusion_workflow.decided_by_silence(entry), now)
    return len(entries)
