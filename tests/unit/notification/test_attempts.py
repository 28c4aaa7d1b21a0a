"""When a delivery is tried again, and when it is given up."""

from __future__ import annotations

import pytest

from slm_chassis.clock import SECOND
from slm_notification.domain.attempts import (
    LONGEST_HOLD,
    AttemptAnswer,
    ClaimedDelivery,
    RetryRules,
    after_failure,
    pause_after,
)

RULES = RetryRules()
NOW = 1_000_000 * SECOND
HOUR = 3_600 * SECOND


def claim(attempts: int = 1, failures: int = 0, first: int = NOW) -> ClaimedDelivery:
    return ClaimedDelivery("d", "e", "https://x/secret", "{}", ("whsec_x",), attempts, failures, first, NOW, NOW + 31)


def test_pauses_grow_threefold_up_to_six_hours() -> None:
    pauses = [pause_after(RULES, failures, 1.0) // SECOND for failures in range(1, 12)]
    assert pauses == [5, 15, 45, 135, 405, 1215, 3645, 10935, 21600, 21600, 21600]
    assert pause_after(RULES, 10_000, 1.0) == RULES.longest


def test_attempts_are_spread() -> None:
    assert pause_after(RULES, 1, 0.8) < pause_after(RULES, 1, 1.2)


def test_a_delivery_is_given_up_three_days_after_its_first_attempt() -> None:
    answer = AttemptAnswer(500)
    early = after_failure(RULES, claim(15, first=NOW - 71 * HOUR), answer, NOW, 1.0)
    late = after_failure(RULES, claim(16, first=NOW - 72 * HOUR), answer, NOW, 1.0)
    assert (early.state, late.state) == ("waiting", "failed")


def test_an_endpoint_is_tried_again_within_ten_minutes_however_long_it_failed() -> None:
    follows = after_failure(RULES, claim(1, failures=40), AttemptAnswer(None, "away"), NOW, 1.0)
    assert follows.hold_until == NOW + LONGEST_HOLD
    assert follows.due_at == NOW + 5 * SECOND


def test_a_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    asked = after_failure(RULES, claim(), AttemptAnswer(429, retry_after=60 * SECOND), NOW, 1.0)
    assert (asked.due_at, asked.hold_until) == (NOW + 60 * SECOND, NOW + 60 * SECOND)
    endless = after_failure(RULES, claim(), AttemptAnswer(503, retry_after=10**15), NOW, 1.0)
    assert endless.due_at == NOW + RULES.longest


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (204, True), (299, True), (302, False), (410, False)])
def test_only_2xx_is_accepted(status: int, accepted: bool) -> None:
    assert AttemptAnswer(status).is_success is accepted


def test_410_ends_the_delivery() -> None:
    assert after_failure(RULES, claim(), AttemptAnswer(410), NOW, 1.0).state == "failed"


def test_a_claim_shows_neither_secret_nor_address() -> None:
    assert "whsec" not in repr(claim()) and "https" not in repr(claim())
