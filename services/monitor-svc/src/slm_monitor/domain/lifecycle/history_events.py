"""Events which say that past facts have been evaluated: facts that an import loaded, or facts from the time before a
version was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events import monitor
from slm_events.instants import UtcMicroseconds, to_text

_TOUCHED = (
    "agreement_id",
    "provider_party_id",
    "customer_party_id",
    "windows_closed",
    "windows_restated",
    "clocks_ended",
    "breach_events",
)


def build_import_judged(
    import_id: str,
    owner_party_id: str,
    through: UtcMicroseconds,
    ended_as: str,
    touched: Mapping[str, Any],
    *,
    now: UtcMicroseconds,
) -> monitor.ImportJudged:
    """Build the event that reports the evaluation of an import for one agreement.

    The import loaded facts from before ``through``. ``ended_as``: how the import ended. ``now``: when the evaluation of
    these facts ended. ``touched`` has the fields in ``_TOUCHED``: the agreement, its parties, and how many results the
    import changed.
    """
    return monitor.ImportJudged(
        import_id=import_id,
        owner_party_id=owner_party_id,
        through_at=to_text(through),
        ended_as=ended_as,
        judged_at=to_text(now),
        **{name: touched[name] for name in _TOUCHED},
    )


def build_agreement_caught_up(found: Mapping[str, Any], *, now: UtcMicroseconds) -> monitor.AgreementCaughtUp:
    """Build the event which says that a version's terms have been applied to the facts from before its signature.

    ``found`` has ``agreement_id``, ``version``, ``provider_party_id``, ``customer_party_id`` and ``breach_events``, the
    number of breach events that were published.
    """
    return monitor.AgreementCaughtUp(
        agreement_id=found["agreement_id"],
        agreement_version=found["version"],
        provider_party_id=found["provider_party_id"],
        customer_party_id=found["customer_party_id"],
        breach_events=found["breach_events"],
        caught_up_at=to_text(now),
    )
