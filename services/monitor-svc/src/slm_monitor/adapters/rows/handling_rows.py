"""The workflow of breaches that late facts revise. Such a breach stays in force, so its workflow continues on the new
revision.
"""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from slm_monitor.domain.lifecycle.target_state import Breach

_LOCKED = """
SELECT breach_id, revision FROM breach JOIN unnest($1::text[], $2::bigint[]) AS revised (breach_id, published_at)
       USING (breach_id, published_at)
 WHERE standing ORDER BY breach_id FOR UPDATE OF breach
"""
"""SQL that locks the breaches that are only revised. A breach that is published again after its withdrawal is left out,
because its instant of publication has changed. Rows are locked in the order of their ids. A step
on all breaches of a cause locks them in the same order, so the two transactions cannot block each other.
"""
_CARRIED = """
UPDATE breach_life AS life SET revision = revised.later
  FROM unnest($1::text[], $2::int[], $3::int[]) AS revised (breach_id, earlier, later)
 WHERE life.breach_id = revised.breach_id AND life.revision = revised.earlier
   AND life.contest IS DISTINCT FROM 'disputed'
"""
"""SQL that moves workflows to the next revision of their breach. A workflow with an open dispute is not moved, because
the dispute is about the facts of the earlier revision.
"""


async def move_workflows_to_new_revisions(driver: asyncpg.Connection, breaches: Collection[Breach]) -> None:
    """Move the workflows of revised breaches to their new revision. Call this before the breaches are written."""
    revised = {each.breach_id: each for each in breaches if each.standing and each.revision > 0}
    if not revised:
        return
    published = [each.published_at for each in revised.values()]
    before = await driver.fetch(_LOCKED, list(revised), published)
    moved = [(row["breach_id"], row["revision"], revised[row["breach_id"]].revision) for row in before]
    if moved:
        await driver.execute(_CARRIED, *(list(each) for each in zip(*moved, strict=True)))
