"""The queue of changes after which findings must be grouped into causes again. Its rows are written in the transaction
of the change.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from slm_monitor.domain.causes.findings import BREACH, INDICATOR, RISK
from slm_monitor.domain.lifecycle.target_state import EvaluationChanges

_ADD = "INSERT INTO cause_due (kind, ref, since) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"


async def queue_findings_for_regrouping(
    driver: asyncpg.Connection, changes: EvaluationChanges, indicators: Mapping[str, int]
) -> None:
    """Queue the breaches and risks that changed, and the indicators whose states changed.

    ``indicators``: indicator → the first instant at which its states changed, for indicators that may have findings.
    """
    rows = [(BREACH, identity, 0) for identity in changes.breaches]
    rows += [(RISK, identity, 0) for identity in changes.risks]
    rows += [(INDICATOR, subject, since) for subject, since in indicators.items()]
    if rows:
        await driver.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))
