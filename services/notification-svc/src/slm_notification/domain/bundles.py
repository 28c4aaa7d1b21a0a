"""Bundles: the waiting deliveries of a person that become one mail, and the instant at which the mail is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.notices import FINDINGS

QUIET_OF_CAUSE = 1 * SECOND
"""A mail about a cause is made when no delivery about the cause has been added for this long (microseconds, real time).
"""
QUIET_OF_SERVICE = 3 * SECOND // 2
"""The same length while the cause is not known yet: the cause of a breach is published shortly after the breach."""
LONGEST_QUIET = 30 * SECOND
"""A mail is made at the latest this long after its first delivery, even if more deliveries are added all the time."""
DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDelivery:
    """A delivery that is in no mail yet. Instants are real time."""

    delivery_id: str
    kind: str
    is_digest: bool
    bundle: str
    """Deliveries with the same text here become one mail while their cause is not known."""
    cause_id: str | None
    stored_at: UtcMicroseconds
    due_at: UtcMicroseconds

    @property
    def key(self) -> str:
        """The key of the delivery's bundle: deliveries with the same key become one mail."""
        if self.is_digest:
            return DIGEST
        return self.bundle if self.cause_id is None else f"{self.kind}:{self.cause_id}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """Deliveries that become one mail, the earliest first. The id of the first delivery becomes the id of the mail."""

    key: str
    deliveries: Sequence[WaitingDelivery]

    @property
    def first(self) -> WaitingDelivery:
        """The earliest delivery."""
        return self.deliveries[0]

    @property
    def keys(self) -> set[str]:
        """The keys that earlier mails about the same subject may have: the bundle's key, and the keys of its
        deliveries.

        An earlier mail has the key of a delivery if the cause was not known yet when that mail was made.
        """
        return {self.key, *(each.bundle for each in self.deliveries)}

    def ready_at(self) -> UtcMicroseconds:
        """Return when the mail is made if no further delivery is added to the bundle (real time)."""
        if self.first.is_digest or self.first.kind not in FINDINGS:
            return min(each.due_at for each in self.deliveries)
        quiet = QUIET_OF_SERVICE if self.first.cause_id is None else QUIET_OF_CAUSE
        newest = max(each.stored_at for each in self.deliveries)
        return min(newest + quiet, min(each.stored_at for each in self.deliveries) + LONGEST_QUIET)


def bundles_of(waiting: Sequence[WaitingDelivery]) -> list[Bundle]:
    """Return the bundles of a person's deliveries, which are given in the order of their events."""
    found: dict[str, list[WaitingDelivery]] = {}
    for each in waiting:
        found.setdefault(each.key, []).append(each)
    return [Bundle(key, deliveries) for key, deliveries in found.items()]


def when_to_make(bundle: Bundle, made: Mapping[str, UtcMicroseconds], together: int) -> UtcMicroseconds:
    """Return when the mail about a bundle is made.

    ``made``: key → when the latest mail with this key was made. The next mail with the same key is made at least
    ``together`` microseconds later, and has all deliveries that were added meanwhile.
    """
    latest = [made[key] + together for key in bundle.keys if key in made and key != DIGEST]
    return max([bundle.ready_at(), *latest])
