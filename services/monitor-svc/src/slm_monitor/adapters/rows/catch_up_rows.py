"""Rows of catch-ups: which partitions have evaluated recorded facts under a newly signed version, and how many breach
events they published.
"""

from __future__ import annotations

import asyncpg

from slm_chassis.database import Transaction
from slm_monitor.application.state.loaded_partition import AgreementCatchUp
from slm_monitor.application.state.partition_step import PartitionStepChanges
from slm_monitor.domain.lifecycle import history_events, target_events

INSERT_CATCH_UP = """
INSERT INTO catch_up (agreement_id, version, provider_party_id, customer_party_id, begun_at)
VALUES (:agreement_id, :version, :provider_party_id, :customer_party_id, :now) ON CONFLICT DO NOTHING
"""
_SEEN = """
SELECT agreement_id, version, begun_at, judged @> to_jsonb($1::int) AS is_evaluated_here,
       jsonb_array_length(judged) >= (SELECT count(*) FROM judge_partition) AS is_evaluated_everywhere
  FROM catch_up WHERE caught_up_at IS NULL AND NOT derived @> to_jsonb($1::int)
"""
CATCH_UPS_OF_AGREEMENT = f"{_SEEN} AND agreement_id = $2 ORDER BY version"
CATCH_UPS_WITH_TERMS = f"""
{_SEEN} AND NOT EXISTS (SELECT 1 FROM judge_inbox
                         WHERE partition = $1 AND kind = 'terms' AND ref ->> 'agreement_id' = catch_up.agreement_id)
 ORDER BY agreement_id, version
"""
"""SQL for the catch-ups whose terms a partition has processed. Before that, the partition does not know which tickets
it must evaluate again.
"""
_COUNT = "UPDATE catch_up SET breach_events = breach_events + $3 WHERE agreement_id = $1 AND version = $2"
_ADVANCE = """
UPDATE catch_up SET {place} = {place} || to_jsonb($3::int)
 WHERE agreement_id = $1 AND version = $2 AND NOT {place} @> to_jsonb($3::int)
RETURNING jsonb_array_length({place}) >= (SELECT count(*) FROM judge_partition)
"""
_TELL = """
INSERT INTO judge_inbox (partition, kind, ref)
SELECT partition, 'caught_up', jsonb_build_object('agreement_id', $1::text, 'version', $2::int)
  FROM judge_partition ORDER BY partition
"""
_DONE = "UPDATE catch_up SET caught_up_at = $3 WHERE agreement_id = $1 AND version = $2 RETURNING *"


def read_catch_up_from_row(row: asyncpg.Record) -> AgreementCatchUp:
    return AgreementCatchUp(
        row["agreement_id"], row["version"], row["begun_at"], row["is_evaluated_here"], row["is_evaluated_everywhere"]
    )


async def advance_catch_ups(transaction: Transaction, partition: int, step: PartitionStepChanges) -> None:
    """Store how far a step has come with each catch-up. If this partition was the last to finish a catch-up, publish
    the event about the end of the catch-up.

    Rows are updated in the order of their ids, because two partitions may update the same rows at once and must not
    block each other.
    """
    driver = await transaction.driver()
    for (agreement_id, version), events in sorted(step.catch_up_breaches.items()):
        await driver.execute(_COUNT, agreement_id, version, events)
    for key in sorted(step.caught_up):
        if await driver.fetchval(_ADVANCE.format(place="judged"), *key, partition):
            await driver.execute(_TELL, *key)
    for key in sorted(step.caught_up_derived):
        if await driver.fetchval(_ADVANCE.format(place="derived"), *key, partition):
            row = await driver.fetchrow(_DONE, *key, step.received_at)
            event = history_events.build_agreement_caught_up(dict(row), now=step.received_at)
            transaction.publish(
                event, at=step.received_at, event_id=target_events.derive_event_id(key[0], "caught-up", key[1])
            )
