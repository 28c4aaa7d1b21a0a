"""The SQL statements that claim due deliveries and store the results of attempts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text

from slm_chassis.clock import SECOND, real_now
from slm_chassis.database import Transaction
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.attempts import LONGEST_HOLD, AttemptAnswer, ClaimedDelivery, FailedAttempt
from slm_notification.domain.signals import opening_types

# The lock of an endpoint guards its deliveries: two processes never count its running requests at the same time. In
# random order, so that no endpoint comes last each time.
_LOCK_ENDPOINTS = text("""
    SELECT endpoint_id, kind, url, failures FROM webhook_endpoint AS e
    WHERE state = 'active' AND (retry_at IS NULL OR retry_at <= :now) AND EXISTS (
        SELECT 1 FROM webhook_delivery AS d
        WHERE d.endpoint_id = e.endpoint_id AND d.state = 'waiting' AND d.due_at <= :now
            AND (d.leased_until IS NULL OR d.leased_until <= :now)
    )
    ORDER BY random() LIMIT :most
    FOR NO KEY UPDATE SKIP LOCKED
""")
# A statement of its own, because it must see what was committed before the endpoints were locked. In a lane, nothing is
# sent while something earlier waits or is being sent: the end of an alert never overtakes its beginning.
_CLAIM = text("""
    WITH chosen AS (
        SELECT d.delivery_id
        FROM unnest(CAST(:endpoint_ids AS text[]), CAST(:rooms AS int[])) AS e (endpoint_id, room)
        CROSS JOIN LATERAL (
            SELECT count(*) AS busy FROM webhook_delivery AS b
            WHERE b.endpoint_id = e.endpoint_id AND b.leased_until > :now
        ) AS running
        CROSS JOIN LATERAL (
            SELECT delivery_id FROM webhook_delivery AS w
            WHERE w.endpoint_id = e.endpoint_id AND w.state = 'waiting' AND w.due_at <= :now
                AND (w.leased_until IS NULL OR w.leased_until <= :now)
                AND (w.lane IS NULL OR NOT EXISTS (
                    SELECT 1 FROM webhook_delivery AS o JOIN heard_event AS oh ON oh.event_id = o.event_id
                    WHERE o.endpoint_id = w.endpoint_id AND o.lane = w.lane
                        AND (o.state = 'waiting' OR o.leased_until > :now)
                        AND oh.place < (SELECT wh.place FROM heard_event AS wh WHERE wh.event_id = w.event_id)
                ))
            ORDER BY w.due_at, w.delivery_id
            LIMIT greatest(0, e.room - running.busy)
        ) AS d
        LIMIT :most
    )
    UPDATE webhook_delivery AS d
    SET leased_until = :leased_until, attempts = attempts + 1, last_attempt_at = :now,
        first_attempt_at = coalesce(first_attempt_at, :now)
    FROM chosen, heard_event AS h
    WHERE d.delivery_id = chosen.delivery_id AND h.event_id = d.event_id
    RETURNING d.delivery_id, d.endpoint_id, d.attempts, d.first_attempt_at, d.event_type, h.body
""")
# The latest event before this one that opened the same alert.
_OPENINGS = text("""
    SELECT DISTINCT ON (d.delivery_id) d.delivery_id, oh.body
    FROM webhook_delivery AS d JOIN heard_event AS h ON h.event_id = d.event_id
    JOIN webhook_delivery AS o ON o.endpoint_id = d.endpoint_id AND o.lane = d.lane
    JOIN heard_event AS oh ON oh.event_id = o.event_id
    WHERE d.delivery_id = ANY(CAST(:delivery_ids AS text[])) AND oh.place < h.place
        AND o.event_type = ANY(CAST(:opening_types AS text[]))
    ORDER BY d.delivery_id, oh.place DESC
""")
# An alert that a later event has changed or ended is not sent again: that event has been sent, or is about to be.
_RENEW = text("""
    WITH due AS (
        SELECT d.delivery_id, NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS o JOIN heard_event AS oh ON oh.event_id = o.event_id
            WHERE o.endpoint_id = d.endpoint_id AND o.lane = d.lane AND oh.place > h.place
        ) AS is_open
        FROM webhook_delivery AS d JOIN heard_event AS h ON h.event_id = d.event_id
        WHERE d.repeat_at <= :now
        ORDER BY d.repeat_at LIMIT 1000
        FOR UPDATE OF d SKIP LOCKED
    )
    UPDATE webhook_delivery AS d
    SET repeat_at = NULL, state = CASE WHEN is_open THEN 'waiting' ELSE d.state END,
        due_at = CASE WHEN is_open THEN :now ELSE d.due_at END,
        attempts = CASE WHEN is_open THEN 0 ELSE d.attempts END,
        first_attempt_at = CASE WHEN is_open THEN NULL ELSE d.first_attempt_at END,
        first_failed_at = CASE WHEN is_open THEN NULL ELSE d.first_failed_at END
    FROM due WHERE d.delivery_id = due.delivery_id
""")
# A lane of which something is being sent stays as it is, because the beginning could come after the end.
_REPEAT = text("""
    WITH asked AS (
        SELECT d.delivery_id, d.endpoint_id, d.lane, h.place
        FROM webhook_delivery AS d JOIN heard_event AS h ON h.event_id = d.event_id
        WHERE d.delivery_id = ANY(CAST(:delivery_ids AS text[]))
    ), followed AS (
        SELECT o.delivery_id
        FROM (SELECT endpoint_id, lane, min(place) AS place FROM asked WHERE lane IS NOT NULL GROUP BY 1, 2) AS a
        JOIN webhook_delivery AS o ON o.endpoint_id = a.endpoint_id AND o.lane = a.lane
        JOIN heard_event AS oh ON oh.event_id = o.event_id AND oh.place >= a.place
    )
    UPDATE webhook_delivery AS d
    SET state = 'waiting', attempts = 0, due_at = :due_at, first_attempt_at = NULL, first_failed_at = NULL,
        delivered_at = NULL, repeat_at = NULL
    WHERE (d.delivery_id IN (SELECT delivery_id FROM asked) OR d.delivery_id IN (SELECT delivery_id FROM followed))
        AND (d.leased_until IS NULL OR d.leased_until < :due_at)
        AND (d.lane IS NULL OR NOT EXISTS (
            SELECT 1 FROM webhook_delivery AS o
            WHERE o.endpoint_id = d.endpoint_id AND o.lane = d.lane AND o.leased_until >= :due_at
        ))
""")
_SECRETS = text("""
    SELECT endpoint_id, text FROM webhook_secret
    WHERE endpoint_id = ANY(CAST(:endpoint_ids AS text[])) AND (ends_at IS NULL OR ends_at > :now)
    ORDER BY made_at DESC, secret_id
""")
# Deliveries that failed for the first time while the endpoint was failing are due at once. An attempt that ended with
# its process is no failure. Deliveries that failed before that, when the receiver was not away, keep their own pauses:
# otherwise they would be tried again after every success, and each of their failures delays all other deliveries. But
# the attempts during a long failure of the endpoint have made these pauses long, so that they are cut then.
_ENDPOINT_WORKS = text("""
    WITH failing AS (
        SELECT endpoint_id, failing_since FROM webhook_endpoint
        WHERE endpoint_id = :endpoint_id AND failures > 0
        FOR NO KEY UPDATE
    ), working AS (
        UPDATE webhook_endpoint AS e SET failures = 0, failing_since = NULL, retry_at = NULL
        FROM failing WHERE e.endpoint_id = failing.endpoint_id
    )
    UPDATE webhook_delivery AS d
    SET due_at = CASE WHEN d.first_failed_at >= failing.failing_since THEN :now ELSE least(d.due_at, :now + :hold) END
    FROM failing
    WHERE d.endpoint_id = failing.endpoint_id AND d.state = 'waiting' AND d.due_at > :now
        AND (d.first_failed_at >= failing.failing_since OR :now - failing.failing_since >= :hold)
""")
# In any state: a delivery that was being sent when the endpoint became gone is stored as failed, but may be accepted.
_DELIVERED = text("""
    UPDATE webhook_delivery
    SET state = 'delivered', delivered_at = :now, leased_until = NULL, status = :status, problem = '',
        excerpt = :excerpt, repeat_at = :repeat_at
    WHERE delivery_id = :delivery_id AND state <> 'delivered'
""")
# Before a failure is stored, so that each statement after it sees whether the endpoint is gone.
_LOCK_ENDPOINT = "SELECT 1 FROM webhook_endpoint WHERE endpoint_id = :endpoint_id "
_LOCK_AT_FAILURE = text(_LOCK_ENDPOINT + "FOR NO KEY UPDATE")
# The strongest lock waits for transactions that are just writing deliveries, as these must not be left over.
_LOCK_AT_410 = text(_LOCK_ENDPOINT + "FOR UPDATE")
# Of requests that were on their way together, the one that began first may fail last.
_FAILS_SINCE = text("""
    UPDATE webhook_endpoint SET failing_since = :claimed_at
    WHERE endpoint_id = :endpoint_id AND failing_since > :claimed_at
""")
# Requests that were on their way together count as one failure, or the pause would grow with their number.
_ENDPOINT_FAILS = text("""
    UPDATE webhook_endpoint
    SET failures = failures + 1, failing_since = coalesce(failing_since, CAST(:claimed_at AS bigint)),
        retry_at = :hold_until,
        state = CASE WHEN :is_gone THEN 'gone' WHEN :now - failing_since >= :suspend_after THEN 'suspended'
            ELSE state END,
        state_reason = CASE WHEN :is_gone THEN :gone_reason
            WHEN :now - failing_since >= :suspend_after THEN :suspended_reason ELSE state_reason END,
        state_at = CASE WHEN :is_gone OR :now - failing_since >= :suspend_after THEN :state_at ELSE state_at END,
        version = CASE WHEN :is_gone OR :now - failing_since >= :suspend_after THEN version + 1 ELSE version END
    WHERE endpoint_id = :endpoint_id AND state IN ('active', 'paused')
        AND (:is_gone OR retry_at IS NULL OR retry_at <= :claimed_at)
""")
# The lease tells whether the delivery is still this attempt's. Its state may have changed: see _NOTHING_MORE.
_NOT_DELIVERED = text("""
    UPDATE webhook_delivery AS d
    SET state = CASE WHEN e.state = 'gone' THEN 'failed' ELSE :state END, due_at = :due_at, leased_until = NULL,
        first_failed_at = coalesce(first_failed_at, CAST(:claimed_at AS bigint)), status = :status, problem = :problem,
        excerpt = :excerpt
    FROM webhook_endpoint AS e
    WHERE d.delivery_id = :delivery_id AND d.leased_until = :leased_until AND e.endpoint_id = d.endpoint_id
""")
# Deliveries that are being sent are included: if their process was killed, nobody would store how the attempt ended.
_NOTHING_MORE = text("""
    UPDATE webhook_delivery SET state = 'failed', problem = :problem
    WHERE endpoint_id = :endpoint_id AND state = 'waiting'
""")
_RELEASE = text("""
    UPDATE webhook_delivery SET leased_until = NULL, attempts = greatest(0, attempts - 1)
    WHERE delivery_id = :delivery_id AND leased_until = :leased_until
""")
_REMOVE = text("""
    WITH removed AS (DELETE FROM heard_event WHERE recorded_at < :before RETURNING event_id)
    DELETE FROM webhook_delivery AS d USING removed WHERE d.event_id = removed.event_id
""")
_REMOVE_SECRETS = text("DELETE FROM webhook_secret WHERE ends_at <= :now")
_GONE_REASON = "The receiver answered 410 Gone: it wants no more deliveries."
_SUSPENDED_REASON = "No delivery was accepted for a long time. What waits is sent when the endpoint is active again."


async def claim_due(transaction: Transaction, most: int, parallel: int, lease_seconds: float) -> list[ClaimedDelivery]:
    """Claim at most ``most`` due deliveries for ``lease_seconds``.

    An endpoint gets at most ``parallel`` requests at a time, and only one while its requests fail.
    """
    now = real_now()
    endpoints = (await transaction.execute(_LOCK_ENDPOINTS, {"now": now, "most": most})).mappings().all()
    if not endpoints:
        return []
    leased_until = now + int(lease_seconds * SECOND)
    asked = {
        "endpoint_ids": [each["endpoint_id"] for each in endpoints],
        "rooms": [1 if each["failures"] else parallel for each in endpoints],
        "now": now,
        "leased_until": leased_until,
        "most": most,
    }
    rows = (await transaction.execute(_CLAIM, asked)).mappings().all()
    secrets = await _secrets_of(transaction, {each["endpoint_id"] for each in rows}, now)
    of = {each["endpoint_id"]: each for each in endpoints}
    told = [each for each in rows if of[each["endpoint_id"]]["kind"] == "alertmanager"]
    openings = await _openings_of(transaction, told) if told else {}
    return [
        ClaimedDelivery(
            delivery_id=row["delivery_id"],
            endpoint_id=row["endpoint_id"],
            url=of[row["endpoint_id"]]["url"],
            body=row["body"],
            secrets=tuple(secrets.get(row["endpoint_id"], ())),
            attempts=row["attempts"],
            failures=of[row["endpoint_id"]]["failures"],
            first_attempt_at=row["first_attempt_at"],
            claimed_at=now,
            leased_until=leased_until,
            kind=of[row["endpoint_id"]]["kind"],
            opening_body=openings.get(row["delivery_id"]),
        )
        for row in rows
    ]


async def _secrets_of(
    transaction: Transaction, endpoint_ids: set[str], now: UtcMicroseconds
) -> dict[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    asked: dict[str, Any] = {"endpoint_ids": sorted(endpoint_ids), "now": now}
    for row in await transaction.execute(_SECRETS, asked):
        found.setdefault(row.endpoint_id, []).append(row.text)
    return dict(found)


async def _openings_of(transaction: Transaction, rows: Sequence[RowMapping]) -> dict[str, str]:
    asked = {
        "delivery_ids": [each["delivery_id"] for each in rows],
        "opening_types": sorted({name for each in rows for name in opening_types(each["event_type"])}),
    }
    return {row.delivery_id: row.body for row in await transaction.execute(_OPENINGS, asked)}


async def renew_alerts(transaction: Transaction) -> None:
    """Let each open alert be sent again now if the time to repeat it has come."""
    await transaction.execute(_RENEW, {"now": real_now()})


async def repeat(transaction: Transaction, delivery_ids: Sequence[str], due_at: UtcMicroseconds) -> int:
    """Let deliveries be sent again from ``due_at`` (real time) on, each followed by the later deliveries of its lane.

    A lane: the deliveries to an endpoint that must be sent in order, because they are about one alert. If a delivery of
    a lane is being sent now, nothing changes in this lane. Return the number of deliveries that are sent again.
    """
    asked = {"delivery_ids": list(delivery_ids), "due_at": due_at}
    return (await transaction.execute(_REPEAT, asked)).rowcount


async def store_success(
    transaction: Transaction, claim: ClaimedDelivery, answer: AttemptAnswer, repeat_after: int | None
) -> None:
    """Store that the receiver accepted a delivery, and that its endpoint does not fail any more.

    If the endpoint was failing, the deliveries that failed for the first time during this failure are due now. If it
    was failing for ``LONGEST_HOLD`` or longer, all its other deliveries are due in ``LONGEST_HOLD`` at the latest. The
    accepted delivery is sent again after ``repeat_after`` microseconds; None: never.
    """
    now = real_now()
    await transaction.execute(_ENDPOINT_WORKS, {"endpoint_id": claim.endpoint_id, "now": now, "hold": LONGEST_HOLD})
    row = {
        "delivery_id": claim.delivery_id,
        "now": now,
        "status": answer.status,
        "excerpt": answer.excerpt,
        "repeat_at": None if repeat_after is None else now + repeat_after,
    }
    await transaction.execute(_DELIVERED, row)


async def hold_endpoint(
    transaction: Transaction, claim: ClaimedDelivery, answer: AttemptAnswer, follows: FailedAttempt, suspend_after: int
) -> None:
    """Send nothing to the endpoint of a failed attempt before ``follows.hold_until``.

    The endpoint is suspended if it has failed for ``suspend_after`` microseconds without a success. If the receiver
    answered 410, the endpoint is gone, and all its deliveries that wait or are being sent are stored as failed.
    """
    lock = _LOCK_AT_410 if answer.is_gone else _LOCK_AT_FAILURE
    await transaction.execute(lock, {"endpoint_id": claim.endpoint_id})
    row = {
        "endpoint_id": claim.endpoint_id,
        "now": real_now(),
        "hold_until": follows.hold_until,
        "is_gone": answer.is_gone,
        "gone_reason": _GONE_REASON,
        "suspended_reason": _SUSPENDED_REASON,
        "suspend_after": suspend_after,
        "state_at": transaction.now,
        "claimed_at": claim.claimed_at,
    }
    await transaction.execute(_ENDPOINT_FAILS, row)
    await transaction.execute(_FAILS_SINCE, {"endpoint_id": claim.endpoint_id, "claimed_at": claim.claimed_at})
    if answer.is_gone:
        await transaction.execute(_NOTHING_MORE, {"endpoint_id": claim.endpoint_id, "problem": _GONE_REASON})


async def store_failure(
    transaction: Transaction, claim: ClaimedDelivery, answer: AttemptAnswer, follows: FailedAttempt
) -> None:
    """Store that an attempt failed, and when the delivery is due again. Nothing is stored if the delivery has been
    claimed again or accepted since.
    """
    row = {
        "delivery_id": claim.delivery_id,
        "leased_until": claim.leased_until,
        "claimed_at": claim.claimed_at,
        "state": follows.state,
        "due_at": follows.due_at,
        "status": answer.status,
        "problem": answer.problem,
        "excerpt": answer.excerpt,
    }
    await transaction.execute(_NOT_DELIVERED, row)


async def release_claim(transaction: Transaction, claim: ClaimedDelivery) -> None:
    """Give back a claim, so that the delivery can be claimed again at once. Its attempt is not counted."""
    row = {"delivery_id": claim.delivery_id, "leased_until": claim.leased_until}
    await transaction.execute(_RELEASE, row)


async def remove_before(transaction: Transaction, before: UtcMicroseconds) -> int:
    """Remove the events recorded before an instant, with their deliveries, and all secrets that have ended. Return the
    number of deliveries removed.
    """
    await transaction.execute(_REMOVE_SECRETS, {"now": real_now()})
    return (await transaction.execute(_REMOVE, {"before": before})).rowcount
