"""The parts of an agreement that reviews need: parties, terms of targets, review clause, and when it is in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from slm_chassis.clock import SECOND
from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import (
    AgreementExpired,
    AgreementFinalized,
    AgreementLifeEvent,
    AgreementRecorded,
    AgreementSuperseded,
    AgreementTerminated,
)
from slm_events.instants import UtcMicroseconds

_ENDED_AS: dict[type[AgreementLifeEvent], str] = {
    AgreementExpired: "expired",
    AgreementSuperseded: "superseded",
    AgreementTerminated: "terminated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version of an agreement that was signed or put on record. Instants are microseconds UTC."""

    version_id: str
    agreement_id: str
    version: int
    kind: str
    title: str
    provider_party_id: str
    provider_name: str
    customer_party_id: str
    customer_name: str
    timezone: str
    effective_at: UtcMicroseconds
    expires_at: UtcMicroseconds | None
    closing_delay: int
    targets: list[dict[str, Any]]
    """The terms of the targets, as signed or recorded."""
    review: dict[str, Any]
    """When the parties review the agreement: ``{"cadence", "on_breach", "after_met_windows"}``, each optional."""
    finalized_at: UtcMicroseconds
    """When both parties had signed the version, or one party had put it on record."""
    ended_at: UtcMicroseconds | None = None
    ended_as: str | None = None
    recorded_by_party_id: str | None = None
    """The party that put the agreement on record, because the other party does not use the product. None: both parties
    signed it.
    """

    def target(self, target_id: str) -> dict[str, Any] | None:
        """Return the terms of the target with this id; None if there is none."""
        return next((terms for terms in self.targets if terms["target_id"] == target_id), None)

    def target_of(self, target_id: str, key: str) -> dict[str, Any] | None:
        """Return the terms of the target with this id, or of the target with ``group_by`` that has an instance with
        this key.

        None if there is no such target.
        """
        return self.target(target_id) or next((terms for terms in self.targets if is_instance(key, terms)), None)

    @property
    def is_reviewed_on_breach(self) -> bool:
        """Whether a breach opens a review."""
        return self.review.get("on_breach") is True

    @property
    def after_met_windows(self) -> int:
        """How many windows in a row must be met, with at least half of the error budget left, to cause a proposal."""
        return int(self.review.get("after_met_windows") or 3)

    @property
    def term_ends_at(self) -> UtcMicroseconds | None:
        """The instant from which this version is not in force any more; None if it has no end yet."""
        ends = [end for end in (self.expires_at, self.ended_at) if end is not None]
        return min(ends) if ends else None


def is_instance(key: str, terms: dict[str, Any]) -> bool:
    """Whether a key such as ``latency[eu]`` names an instance of the target with these terms."""
    return bool(terms.get("group_by")) and key.startswith(f"{terms['key']}[")


@lru_cache(maxsize=5_000)
def version_id(agreement_id: str, version: int) -> str:
    """Return the id of a version of an agreement."""
    return named_id(agreement_id, "version", version)


def version_of(event: AgreementFinalized | AgreementRecorded) -> Agreement:
    """Return the version that the event describes."""
    recorder: str | None = None
    if isinstance(event, AgreementRecorded):
        adopted_at, recorder = event.recorded_at, event.recorded_by_party_id
    else:
        adopted_at = event.finalized_at
    return Agreement(
        version_id=version_id(event.agreement_id, event.version),
        agreement_id=event.agreement_id,
        version=event.version,
        kind=event.kind,
        title=event.title,
        provider_party_id=event.provider_party_id,
        provider_name=event.provider_name,
        customer_party_id=event.customer_party_id,
        customer_name=event.customer_name,
        timezone=event.timezone,
        effective_at=instants.from_text(event.effective_at),
        expires_at=instants.from_text(event.expires_at) if event.expires_at else None,
        closing_delay=event.closing_delay_seconds * SECOND,
        targets=event.targets,
        review=event.review,
        finalized_at=instants.from_text(adopted_at),
        recorded_by_party_id=recorder,
    )


def version_with_end(agreement: Agreement, event: AgreementLifeEvent) -> Agreement:
    """Return the version with the end that the event states. Of several ends the earliest counts."""
    at = instants.from_text(event.at)
    if agreement.ended_at is not None and agreement.ended_at <= at:
        return agreement
    return replace(agreement, ended_at=at, ended_as=_ENDED_AS[type(event)])


def newest_version(versions: list[Agreement]) -> Agreement | None:
    """Return the version that was signed last; None if there is none."""
    return max(versions, key=lambda version: version.version, default=None)


def version_in_force(versions: list[Agreement], at: UtcMicroseconds) -> Agreement | None:
    """Return the version in force at an instant, the highest if there are several; None if there is none."""
    holding = [
        version
        for version in versions
        if version.effective_at <= at and (version.term_ends_at is None or at < version.term_ends_at)
    ]
    return max(holding, key=lambda version: version.version, default=None)
