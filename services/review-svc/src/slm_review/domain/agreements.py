"""What a review needs to know of an agreement: whose it is, its targets' terms, its review clause, its term."""

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
    AgreementSuperseded,
    AgreementTerminated,
    AgreementTurned,
)

_ENDED_AS: dict[type[AgreementTurned], str] = {
    AgreementExpired: "expired",
    AgreementSuperseded: "superseded",
    AgreementTerminated: "terminated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version of an agreement as it was finalized; instants in microseconds UTC."""

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
    effective_at: int
    expires_at: int | None
    closing_delay: int
    targets: list[dict[str, Any]]
    """Target terms as finalized."""
    review: dict[str, Any]
    """``{"cadence", "on_breach", "after_met_windows"}``, each optional."""
    finalized_at: int
    ended_at: int | None = None
    ended_as: str | None = None

    def target(self, target_id: str) -> dict[str, Any] | None:
        """The terms of a target, by its id."""
        return next((terms for terms in self.targets if terms["target_id"] == target_id), None)

    def target_of(self, target_id: str, key: str) -> dict[str, Any] | None:
        """The terms of a target, or of the one that a target judged for a label value is an instance of."""
        return self.target(target_id) or next((terms for terms in self.targets if is_instance(key, terms)), None)

    @property
    def is_reviewed_on_breach(self) -> bool:
        return self.review.get("on_breach") is True

    @property
    def after_met_windows(self) -> int:
        """How many comfortable windows in a row ask for a better target."""
        return int(self.review.get("after_met_windows") or 3)

    @property
    def term_ends_at(self) -> int | None:
        """The instant from which this version binds nobody, as far as is known."""
        ends = [end for end in (self.expires_at, self.ended_at) if end is not None]
        return min(ends) if ends else None


def is_instance(key: str, terms: dict[str, Any]) -> bool:
    """Whether a key such as ``latency[eu]`` names an instance of a target that is judged for each value of a label."""
    return bool(terms.get("group_by")) and key.startswith(f"{terms['key']}[")


@lru_cache(maxsize=5_000)
def version_id(agreement_id: str, version: int) -> str:
    return named_id(agreement_id, "version", version)


def finalized(event: AgreementFinalized) -> Agreement:
    """The version that both parties signed."""
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
        finalized_at=instants.from_text(event.finalized_at),
    )


def with_end(agreement: Agreement, event: AgreementTurned) -> Agreement:
    """The version after its end was heard; of several ends the earliest holds."""
    at = instants.from_text(event.at)
    if agreement.ended_at is not None and agreement.ended_at <= at:
        return agreement
    return replace(agreement, ended_at=at, ended_as=_ENDED_AS[type(event)])


def newest(versions: list[Agreement]) -> Agreement | None:
    """The version signed last."""
    return max(versions, key=lambda version: version.version, default=None)


def in_force(versions: list[Agreement], at: int) -> Agreement | None:
    """The version whose term holds the instant; of several the highest."""
    holding = [
        version
        for version in versions
        if version.effective_at <= at and (version.term_ends_at is None or at < version.term_ends_at)
    ]
    return max(holding, key=lambda version: version.version, default=None)
