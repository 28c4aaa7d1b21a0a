from __future__ import annotations

from dataclasses import replace
from typing import Any

from slm_review.domain import agreements, cadence
from slm_review.domain.agreements import Agreement
from slm_review.domain.cadence import Period
from tests.support.review import at, finalized


def agreement(cadence_kind: str | None = "month", version: int = 1, **changed: Any) -> Agreement:
    return replace(agreements.version_of(finalized(version, review={"cadence": cadence_kind})), **changed)


def period(versions: list[Agreement], after: str) -> Period | None:
    found = cadence.next_period(versions, at(after))
    return found[1] if found else None


def test_the_first_period_is_the_one_in_which_the_agreement_takes_effect() -> None:
    assert period([agreement()], "2026-10-20T00:00") == Period(
        "2026-11", at("2026-11-01T00:00"), at("2026-12-01T00:00")
    )


def test_the_period_after_a_review_begins_where_the_last_ended() -> None:
    found = period([agreement("quarter")], "2027-01-01T00:00")
    assert found is not None and found.period_id == "2027-Q1"


def test_periods_follow_the_agreements_own_zone() -> None:
    found = period([agreement(timezone="Europe/Berlin", effective_at=at("2026-10-31T23:00"))], "2026-11-05T00:00")
    assert found == Period("2026-11", at("2026-10-31T23:00"), at("2026-11-30T23:00"))


def test_the_last_period_is_cut_where_the_agreement_ends() -> None:
    found = period([agreement(expires_at=at("2026-11-15T00:00"))], "2026-11-01T00:00")
    assert found is not None and found.end_at == at("2026-11-15T00:00")


def test_nothing_is_due_after_the_end() -> None:
    assert period([agreement(expires_at=at("2026-11-15T00:00"))], "2026-11-15T00:00") is None


def test_an_agreement_without_a_known_cadence_is_never_due() -> None:
    assert period([agreement(None)], "2026-11-01T00:00") is None
    assert period([agreement("fortnight")], "2026-11-01T00:00") is None


def test_a_superseded_versions_period_runs_on_under_the_next() -> None:
    old = agreement(ended_at=at("2026-11-15T00:00"), ended_as="superseded")
    new = agreement(version=2, effective_at=at("2026-11-15T00:00"))
    assert period([old, new], "2026-11-01T00:00") == Period("2026-11", at("2026-11-01T00:00"), at("2026-12-01T00:00"))


def test_between_two_versions_the_gap_is_skipped() -> None:
    old = agreement(ended_at=at("2026-11-15T00:00"), ended_as="expired")
    new = agreement(version=2, effective_at=at("2027-02-01T00:00"))
    found = period([old, new], "2026-11-20T00:00")
    assert found is not None and found.period_id == "2027-02"
