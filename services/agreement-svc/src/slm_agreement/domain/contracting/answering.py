"""A party's answers to single targets of a proposed revision, and which of its earlier answers still apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_agreement.domain.documents.canonical import canonical_json, sha256_hex
from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import composites
from slm_agreement.domain.versions.agreement import Actor, Revision, TargetAnswer, Version
from slm_calendar.window_schedules import OCCURRENCES_OF
from slm_events.instants import UtcMicroseconds

ACCEPTED, REFUSED, CHANGED = "accepted", "refused", "changed"


@dataclass(frozen=True, slots=True)
class TargetDecisions:
    """A party's new decisions about targets of the proposed revision: target keys to accept, and target keys to refuse.

    ``answer_by`` is the instant by which the other party should answer in turn (microseconds UTC).
    """

    accept: Sequence[str] = ()
    refuse: Mapping[str, str] = field(default_factory=dict)
    """Target key → reason for refusing the target."""
    answer_by: UtcMicroseconds | None = None


NO_DECISIONS = TargetDecisions()


@dataclass(frozen=True, slots=True)
class LatestTargetAnswer:
    """A party's latest answer to one target, and whether it applies to the proposed revision."""

    answer: TargetAnswer
    still_applies: bool
    """Whether the answer applies to the proposed revision: the target's terms are still those that were answered."""
    is_from_earlier_revision: bool
    """Whether the answer applies to the proposed revision although it was given to an earlier one."""


def compute_terms_hash(target: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Return the hash of a target's terms: an earlier answer applies as long as this hash is the same.

    The terms are the target's canonical JSON, and what the target refers to by name in the document: its service hours,
    the time zone of its windows, the targets that it is computed from, and what a miss costs.
    """
    return sha256_hex(canonical_json(_terms(target, document, frozenset())))


def _terms(target: Mapping[str, Any], document: Mapping[str, Any], seen: frozenset[str]) -> dict[str, Any]:
    named = target.get("service_hours")
    hours = [named] if isinstance(named, str) else named or []
    inside = seen | {target["key"]}
    named_members = [key for key in composites.member_keys(target) if key not in inside]
    by_key = {each["key"]: each for each in document["targets"]} if named_members else {}
    members = [key for key in named_members if key in by_key]
    terms = {
        "target": dict(target),
        "timezone": document["timezone"],
        "service_hours": [document["service_hours"].get(name) for name in hours],
        "members": [_terms(by_key[key], document, inside) for key in members],
    }
    if OCCURRENCES_OF in target["window"]:
        key = target["window"][OCCURRENCES_OF]
        terms["critical_period"] = next(each for each in document["critical_periods"] if each["key"] == key)
    if target.get("credit") is None:
        return terms  # as it was before there were credits, so that earlier answers still apply
    schedule = document.get("credit_schedules", {}).get(target["credit"])
    return {**terms, "credit_schedule": schedule, "period_charge": document.get("period_charge")}


def latest_target_answers(version: Version, party_id: str) -> dict[str, LatestTargetAnswer]:
    """Return target key → a party's latest answer to that target of the current revision.

    A target that the party has never answered is left out. A party that accepts or proposes a whole revision accepts
    each of its targets.
    """
    words = {answer.target_key: answer for answer in _answers_of(version, party_id)}
    current = version.current
    document = current.document
    found = {}
    for target in document["targets"]:
        word = words.get(target["key"])
        if word is not None:
            stands = word.answer != CHANGED and word.terms_hash == compute_terms_hash(target, document)
            found[target["key"]] = LatestTargetAnswer(word, stands, stands and word.revision_hash != current.hash)
    return found


def _answers_of(version: Version, party_id: str) -> Iterator[TargetAnswer]:
    """Yield all answers of a party to targets of a version, the earliest first."""
    by_hash = {revision.hash: revision for revision in version.revisions}
    answered = {answer.revision_hash for answer in version.answers if answer.party_id == party_id}
    for acceptance in version.acceptances:
        # Versions that were negotiated before answers were stored have acceptances only.
        revision = by_hash.get(acceptance.revision_hash)
        if acceptance.party_id == party_id and revision is not None and revision.hash not in answered:
            actor = Actor(acceptance.principal_id, party_id, frozenset())
            yield from accept_every_target(revision, actor, acceptance.accepted_at)
    yield from (answer for answer in version.answers if answer.party_id == party_id)


def accept_every_target(
    revision: Revision, actor: Actor, now: UtcMicroseconds, reasons: Mapping[str, str] | None = None
) -> list[TargetAnswer]:
    """Return one accepting answer for each target of a revision.

    ``reasons``: target key → why the proposer of the revision changed the target; None: there are no reasons.
    """
    keys = [target["key"] for target in revision.document["targets"]]
    return _answers(revision, [(key, ACCEPTED, (reasons or {}).get(key, "")) for key in keys], actor, now)


def answers_from_decisions(
    version: Version, answer: TargetDecisions, actor: Actor, now: UtcMicroseconds
) -> list[TargetAnswer]:
    """Return the answers to record when a party accepts and refuses targets without proposing another document.

    A target that ``answer`` does not name keeps the party's earlier answer if that answer still applies. Raises Invalid
    unless every target then has an answer.
    """
    document = version.current.document
    kept = latest_target_answers(version, str(actor.party_id))
    findings = _faults_of(answer, document)
    for target in document["targets"]:
        key = target["key"]
        named = key in answer.accept or key in answer.refuse
        if not named and not (key in kept and kept[key].still_applies):
            findings.add("accept", key, "accept or refuse this target too: no earlier answer of yours stands for it")
    findings.refuse_any("The answer does not cover every target of the proposed revision.")
    said = [(key, ACCEPTED, "") for key in answer.accept]
    said += [(key, REFUSED, reason) for key, reason in answer.refuse.items()]
    return _answers(version.current, said, actor, now)


def answers_from_counter_proposal(
    version: Version, countered: Mapping[str, Any], answer: TargetDecisions, actor: Actor, now: UtcMicroseconds
) -> list[TargetAnswer]:
    """Return the answers that follow from a counter-proposal, one for each target of the revision that it counters.

    A target with the same terms in the counter-proposal is accepted. Every other target is changed, with the reason
    from ``answer.refuse``. Raises Invalid if the document contradicts ``answer``: an accepted target changes, or a
    refused one does not.
    """
    document = version.current.document
    after = {target["key"]: compute_terms_hash(target, countered) for target in countered["targets"]}
    findings = _faults_of(answer, document)
    said = []
    for target in document["targets"]:
        key = target["key"]
        same = after.get(key) == compute_terms_hash(target, document)
        if key in answer.accept and not same:
            findings.add("accept", key, "leave it out of accept, or leave the target unchanged in the document")
        if key in answer.refuse and same:
            findings.add("refuse", key, "leave it out of refuse, or change or remove the target in the document")
        said.append((key, ACCEPTED if same else CHANGED, answer.refuse.get(key, "")))
    findings.refuse_any("The document contradicts the accepted and refused targets.")
    return _answers(version.current, said, actor, now)


def _faults_of(answer: TargetDecisions, document: Mapping[str, Any]) -> Findings:
    findings = Findings()
    known = [target["key"] for target in document["targets"]]
    for name, keys in (("accept", answer.accept), ("refuse", answer.refuse)):
        for key in keys:
            if key not in known:
                findings.add(name, key, f"write keys of the revision's targets: {', '.join(known) or 'it has none'}")
    for key in answer.refuse:
        if key in answer.accept:
            findings.add("refuse", key, "name the target in accept or in refuse, not in both")
    return findings


def _answers(
    revision: Revision, said: Sequence[tuple[str, str, str]], actor: Actor, now: UtcMicroseconds
) -> list[TargetAnswer]:
    """Return the answers of a party to targets of a revision, from triples (target key, answer, reason)."""
    document = revision.document
    hashes = {target["key"]: compute_terms_hash(target, document) for target in document["targets"]}
    return [
        TargetAnswer(
            str(actor.party_id),
            key,
            answer,
            reason,
            revision.hash,
            hashes[key],
            actor.principal_id,
            actor.name,
            now,
        )
        for key, answer, reason in said
    ]
