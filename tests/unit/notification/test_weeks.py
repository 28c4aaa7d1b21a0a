"""The words of the Monday mail, and the instant at which it is due."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slm_chassis.clock import SECOND
from slm_events.instants import from_text, to_text
from slm_notification.domain.mail_text import MailFrame
from slm_notification.domain.week_text import words_of_week
from slm_notification.domain.weeks import ServiceAnswers, content_of_week, lines_of, next_monday, week_of

NOW = from_text("2026-11-30T08:00:00Z")
"""A Monday."""
WEEK = week_of(NOW, "UTC")
STATE = {
    "state": "up", "state_since_at": None, "verdict": "met", "lost_seconds": 0, "strip": ["met"] * 12,
}  # fmt: skip
MONTHS = [f"2025-{month}" for month in ("12",)] + [f"2026-{month:02}" for month in range(1, 12)]


def told(name: str = "Checkout", /, **changed: Any) -> ServiceAnswers:
    lists = {name: changed.pop(name, []) for name in ("breaches", "exclusions", "reviews", "endings")}
    outcome = changed.pop("outcome", "")
    return ServiceAnswers(service_id="s-1", name=name, outcome=outcome, months=MONTHS, state=STATE | changed, **lists)


def lines(**changed: Any) -> dict[str, str]:
    return dict(lines_of(told(**changed), WEEK, NOW))


def breach(title: str = "Checkout is available") -> dict[str, Any]:
    return {"target_title": title}


def planned(start: str, state: str = "approved", kind: str = "planned") -> dict[str, Any]:
    return {"kind": kind, "state": state, "intervals": [{"from": start, "to": start}]}


def ending(ends_at: str | None, last_notice_at: str | None, title: str = "The shop") -> dict[str, Any]:
    return {"title": title, "ends_at": ends_at, "last_notice_at": last_notice_at}


def test_a_quiet_week_is_five_lines() -> None:
    assert lines() == {
        "Works now": "yes",
        "Last week": "kept",
        "October": "kept",
        "Minutes lost": "none in November so far",
        "Next": "nothing is planned in the next 90 days",
    }


@pytest.mark.parametrize(
    ("state", "since", "words"),
    [
        ("down", "2026-11-30T07:12:00Z", "no, down since Mon 30 Nov, 07:12"),
        ("down", None, "no, down"),
        ("degraded", "2026-11-29T22:00:00Z", "in part since Sun 29 Nov, 22:00"),
        ("unknown", "2026-11-28T22:00:00Z", "not known since Sat 28 Nov, 22:00"),
        (None, None, "nothing measures it"),
    ],
)
def test_whether_it_works(state: str | None, since: str | None, words: str) -> None:
    assert lines(state=state, state_since_at=since)["Works now"] == words


@pytest.mark.parametrize(
    ("verdict", "breaches", "words"),
    [
        ("met", 0, "kept"),
        ("at_risk", 0, "kept, but at risk now"),
        ("breached", 0, "nothing more was breached"),
        ("no_data", 0, "nothing was breached, but not all of it was measured"),
        (None, 0, "nothing was breached, but not all of it was measured"),
        ("breached", 1, "not kept: 1 breach (Target 0)"),
        ("met", 5, "not kept: 5 breaches (Target 0, Target 1, Target 2 and 2 more)"),
    ],
)
def test_what_was_kept_last_week(verdict: str | None, breaches: int, words: str) -> None:
    found = [breach(f"Target {number}") for number in range(breaches)]
    assert lines(verdict=verdict, breaches=found)["Last week"] == words


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("met", "kept"),
        ("breached", "not kept"),
        ("no_data", "nothing was breached, but not all of it was measured"),
        (None, "nothing was agreed or measured"),
    ],
)
def test_what_was_kept_last_month(verdict: str | None, words: str) -> None:
    strip = [*["breached"] * 10, verdict, "no_data"]
    assert lines(strip=strip)["October"] == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "not known for November"),
        (42, "42 s in November so far"),
        (2_460, "41 min in November so far"),
        (2_470, "41 min 10 s in November so far"),
    ],
)
def test_the_minutes_lost_are_those_of_the_summary(seconds: int | None, words: str) -> None:
    assert lines(lost_seconds=seconds)["Minutes lost"] == words


def test_what_is_next_is_in_order_and_bounded() -> None:
    found = lines(
        exclusions=[
            planned("2026-12-08T22:00:00Z"),
            planned("2026-12-03T22:00:00Z", "requested"),
            planned("2026-12-04T22:00:00Z", "rejected"),
            planned("2026-12-04T22:00:00Z", kind="claim"),
            planned("2026-11-30T07:59:59Z"),
            planned("2027-02-28T08:00:00Z"),
        ],
        reviews=[{"due_at": "2026-12-05T00:00:00Z", "agreement_title": "The shop"}],
        endings=[ending("2027-01-31T00:00:00Z", "2026-12-31T00:00:00.000001Z"), ending(None, None)],
    )
    assert found["Next"] == (
        "Thu 3 Dec, 22:00: maintenance, not approved yet; Sat 5 Dec: review of The shop; "
        "Tue 8 Dec, 22:00: maintenance; and 2 more"
    )
    last = lines(endings=[ending("2027-01-31T00:00:00Z", "2026-12-31T00:00:00.000001Z")])["Next"]
    assert last == "Thu 31 Dec: last day to give notice of The shop; Sun 31 Jan 2027: end of The shop"


def test_the_same_thing_of_several_agreements_is_said_once() -> None:
    assert lines(exclusions=[planned("2026-12-08T22:00:00Z")] * 3)["Next"] == "Tue 8 Dec, 22:00: maintenance"


def headline(*services: ServiceAnswers) -> str:
    return str(content_of_week(services, WEEK, NOW)["headline"])


def test_the_subject_says_the_most_important() -> None:
    assert headline(told()) == "Your Monday: Checkout works, nothing breached last week"
    assert headline(told(state="down", breaches=[breach()])) == "Your Monday: Checkout is down, 1 breach last week"
    assert headline(told(state=None)) == "Your Monday: Checkout is not measured, nothing breached last week"
    assert headline(told(), told("Mail")) == "Your Monday: none of 2 services is down, all kept last week"
    both = told(), told("Mail", state="down", breaches=[breach(), breach()])
    assert headline(*both) == "Your Monday: 1 of 2 services down, 1 breached last week"


def test_words_of_others_are_data() -> None:
    named = told("<b>Mail</b>\nBcc: eve@other.example", outcome="Staff & guests")
    content = content_of_week([named], WEEK, NOW)
    words = words_of_week(content, MailFrame("Ada", "UTC", "https://slm.acme.example"))
    assert "\n" not in words.subject and words.subject.startswith("Your Monday: <b>Mail</b> Bcc: eve")
    assert "<b>Mail</b> Bcc: eve@other.example – Staff & guests\n  Works now: yes\n" in words.text
    assert (
        "&lt;b&gt;Mail&lt;/b&gt;" in words.html and "<b>Mail" not in words.html and "Staff &amp; guests" in words.html
    )
    assert "https://slm.acme.example/services/s-1" in words.text
    assert "https://slm.acme.example/settings/mails" in words.text


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Zurich", "Pacific/Apia"])
def test_the_next_monday_is_eight_in_the_morning_there(zone: str) -> None:
    at = NOW
    for _ in range(60):
        following = next_monday(at, zone)
        local = datetime.fromtimestamp(following / SECOND, ZoneInfo(zone))
        assert (local.weekday(), local.hour, local.minute) == (0, 8, 0)
        assert 0 < following - at <= 8 * 86_400 * SECOND
        assert next_monday(following - 1, zone) == following
        at = following


def test_a_week_begins_at_midnight_there_also_when_clocks_change() -> None:
    # Clocks in Zurich go back on Sunday, 25 October 2026.
    week = week_of(next_monday(from_text("2026-10-25T12:00:00Z"), "Europe/Zurich"), "Europe/Zurich")
    assert week.name == "2026-W44"
    assert to_text(week.starts_at) == to_text(from_text("2026-10-25T23:00:00Z"))
    assert to_text(week.last_starts_at) == to_text(from_text("2026-10-18T22:00:00Z"))
    assert week_of(from_text("2027-01-01T12:00:00Z"), "UTC").name == "2026-W53"
