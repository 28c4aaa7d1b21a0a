"""Critical periods in an agreement's document, in words."""

from __future__ import annotations

from typing import Any

import pytest

from slm_console.views.agreements import changes, document
from slm_console.views.agreements.document import Sources
from slm_console.views.judgement.figures import period_name
from slm_console.views.promises import sentence
from tests.unit.console.negotiated import ALDER, READER, agreement, available, directory

NIGHT = {"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}


def shown(**period: Any) -> str:
    made = agreement()
    made["document"]["critical_periods"] = [{"key": "night", "title": "Election night", "freeze": False, **period}]
    facts = document.page_of(READER, directory(ALDER), Sources(made)).facts
    (words,) = [text for name, text in facts if name == "Critical period “Election night”"]
    return words


def test_dates_are_local_times_as_they_are_written() -> None:
    assert shown(occurrences={"dates": [NIGHT]}) == "3 Nov 2026 18:00 – 4 Nov 2026 02:00"


def test_a_frozen_period_says_that_nothing_is_maintained() -> None:
    words = shown(occurrences={"dates": [NIGHT]}, freeze=True)
    assert words == "3 Nov 2026 18:00 – 4 Nov 2026 02:00; no planned maintenance"


def test_a_rule_is_said_with_its_length_and_first_time() -> None:
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "from": "2026-11-30T18:00", "duration": "PT6H"}
    assert shown(occurrences=rule) == (
        "6 h each time, by the rule FREQ=MONTHLY;BYMONTHDAY=-1 from 30 Nov 2026 18:00"
    )  # fmt: skip


def test_many_dates_are_counted_after_the_fifth() -> None:
    assert shown(occurrences={"dates": [NIGHT] * 7}).endswith("4 Nov 2026 02:00 and 2 more")


def test_an_agreement_without_periods_says_nothing_about_them() -> None:
    facts = document.page_of(READER, directory(ALDER), Sources(agreement())).facts
    assert not [name for name, _ in facts if name.startswith("Critical")]


def test_a_changed_period_is_among_the_changed_terms() -> None:
    before, after = ({**agreement()["document"]} for _ in range(2))
    after["critical_periods"] = [{"key": "night", "title": "Night", "occurrences": {"dates": [NIGHT]}}]
    found = changes.between(READER, before, after)
    assert "Critical periods" in [name for name, _, _ in found.terms]


def test_a_promise_about_occurrences_names_their_period() -> None:
    promised = {**available(), "window": {"occurrences_of": "election-night"}}
    assert "each “election-night”" in sentence(READER, promised)


@pytest.mark.parametrize(
    ("window_id", "words"),
    [
        ("election-night/2026-11-03", "election-night, 3 Nov 2026"),
        ("election-night/2026-11-03T18:00", "election-night, 3 Nov 2026 18:00"),
        ("p1-night/2026-11-03", "p1-night, 3 Nov 2026"),
        ("election-night/2026-11-03.v2", "election-night, 3 Nov 2026"),
    ],
)
def test_a_window_of_a_period_is_named_by_key_and_date(window_id: str, words: str) -> None:
    assert period_name(READER, window_id) == words
