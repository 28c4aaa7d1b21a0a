"""Conversion of a negotiation's answers to the JSON of the API: per target, and as a list."""

from __future__ import annotations

from typing import Any

from slm_agreement.api.shapes import instant_text
from slm_agreement.domain.contracting import answering
from slm_agreement.domain.contracting.answering import LatestTargetAnswer
from slm_agreement.domain.versions.agreement import TargetAnswer, Version


def target_answers_json(version: Version) -> dict[str, Any]:
    """Return who must answer and by when, and both parties' latest answers to targets of the proposed revision."""
    missed = version.answer_missed_at is not None
    return {
        "answer_awaited_from": version.awaited_party_id,
        "answer_by": instant_text(version.answer_by),
        "answer_missed": missed,
        "target_answers": [] if version.tabled is None else _by_target(version),
    }


def target_answer_entries_json(version: Version, party_id: str | None) -> list[dict[str, Any]]:
    """Return a version's answers to targets as JSON, without answers to revisions that the party may not read.

    With a ``party_id`` of None no answer is left out. The ``number`` of an answer is its place among all answers of the
    version, from 1.
    """
    readable = {revision.hash: revision for revision in version.revisions_for(party_id or "*")}
    return [
        {
            "number": number,
            "target": answer.target_key,
            "party_id": answer.party_id,
            **_answer_json(answer, version),
        }
        for number, answer in enumerate(version.answers, start=1)
        if answer.revision_hash in readable
    ]


def _by_target(version: Version) -> list[dict[str, Any]]:
    identity = version.identity
    provider = answering.latest_target_answers(version, identity.provider_party_id)
    customer = answering.latest_target_answers(version, identity.customer_party_id)
    return [
        {
            "target": target["key"],
            "target_id": target["target_id"],
            "title": target["title"],
            "provider": _latest_answer_json(provider.get(target["key"]), version),
            "customer": _latest_answer_json(customer.get(target["key"]), version),
            "agreed": all(_is_accepted(side.get(target["key"])) for side in (provider, customer)),
        }
        for target in version.current.document["targets"]
    ]


def _is_accepted(word: LatestTargetAnswer | None) -> bool:
    return word is not None and word.still_applies and word.answer.answer == answering.ACCEPTED


def _latest_answer_json(latest: LatestTargetAnswer | None, version: Version) -> dict[str, Any] | None:
    if latest is None:
        return None
    return {
        **_answer_json(latest.answer, version),
        "stands": latest.still_applies,
        "carried": latest.is_from_earlier_revision,
    }


def _answer_json(answer: TargetAnswer, version: Version) -> dict[str, Any]:
    return {
        "answer": answer.answer,
        "reason": answer.reason,
        "revision_number": version.named(answer.revision_hash).number,
        "revision_hash": answer.revision_hash,
        "by_principal_id": answer.principal_id,
        "by": answer.name,
        "answered_at": instant_text(answer.answered_at),
    }
