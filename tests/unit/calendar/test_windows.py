"""Calendar windows: they tile time, and their ids name them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slm_calendar import windows
from slm_calendar.errors import CalendarError
from slm_events.instants import from_text, to_text

ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "America/Havana", "Pacific/Apia"]
instants = st.integers(from_text("1990-01-01T00:00:00Z"), from_text("2060-01-01T00:00:00Z"))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(windows.KINDS), st.sampled_from(ZONES), instants)
def test_every_instant_lies_in_one_window_that_its_id_names(kind: windows.Kind, zone: str, instant: int) -> None:
    window = windows.window_at(kind, zone, instant)
    assert window.start <= instant < window.end
    assert windows.window_of_id(window.id, zone) == window
    assert windows.cycle_of_id(window.id) == kind
    following = windows.next_window(kind, zone, instant)
    assert following.start == window.end < following.end
    assert windows.window_at(kind, zone, window.end - 1) == window


@pytest.mark.parametrize(
    ("window_id", "start", "end"),
    [
        ("2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        ("2026-Q4", "2026-09-30T22:00", "2026-12-31T23:00"),
        ("2026-03", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("2026-W01", "2025-12-28T23:00", "2026-01-04T23:00"),
        ("2026-W53", "2026-12-27T23:00", "2027-01-03T23:00"),
        ("2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
    ],
)
def test_an_id_names_local_time(window_id: str, start: str, end: str) -> None:
    window = windows.window_of_id(window_id, "Europe/Berlin")
    assert (to_text(window.start)[:16], to_text(window.end)[:16]) == (start, end)


@pytest.mark.parametrize(
    "wrong", ["2026-13", "2026-Q5", "2027-W53", "2026-02-29", "26", "2026-W00", "", "2026-1", "0000"]
)
def test_an_id_that_names_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(CalendarError):
        windows.window_of_id(wrong, "UTC")


def test_a_date_that_never_was_is_no_window() -> None:
    start, end = from_text("2011-12-29T12:00:00Z"), from_text("2011-12-31T12:00:00Z")
    ids = [window.id for window in windows.windows_between("day", "Pacific/Apia", start, end)]
    assert ids == ["2011-12-29", "2011-12-31", "2012-01-01"]
    with pytest.raises(CalendarError, match="does not exist"):
        windows.window_of_id("2011-12-30", "Pacific/Apia")


def test_a_window_belongs_to_the_range_only_with_an_instant_in_it() -> None:
    first = windows.window_of_id("2026-11", "UTC")
    assert list(windows.windows_between("month", "UTC", first.start, first.end)) == [first]
    assert list(windows.windows_between("month", "UTC", first.end, first.start)) == []


def test_an_unknown_kind_or_zone_is_refused() -> None:
    with pytest.raises(CalendarError, match="day, week, month"):
        windows.window_at("fortnight", "UTC", 0)
    with pytest.raises(CalendarError, match="IANA"):
        windows.window_at("month", "Mars/Base", 0)


CYCLES = ["month@15", "monthT12:00", "month@28T23:59", "week@sundayT12:00", "week@sunday", "weekT06:30", "dayT02:30"]
CYCLES += ["quarter@15", "year@2T00:01", "quarterT12:00", "year@28"]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(CYCLES), st.sampled_from(ZONES), instants)
def test_every_instant_lies_in_one_anchored_window_that_its_id_names(cycle: str, zone: str, instant: int) -> None:
    window = windows.window_at(cycle, zone, instant)
    assert window.start <= instant < window.end
    assert windows.window_of_id(window.id, zone) == window
    assert windows.cycle_of_id(window.id) == cycle
    following = windows.next_window(cycle, zone, instant)
    assert following.start == window.end < following.end
    assert windows.window_at(cycle, zone, window.end - 1) == window


@pytest.mark.parametrize(
    ("window_id", "start", "end"),
    [
        # A billing month over the change to winter time has an hour more: 31 days and 1 h.
        ("2026-10-15/P1M", "2026-10-14T22:00", "2026-11-14T23:00"),
        ("2026-11-15T12:00/P1M", "2026-11-15T11:00", "2026-12-15T11:00"),
        # The first of a month at noon; nothing but its time differs from November.
        ("2026-11-01T12:00/P1M", "2026-11-01T11:00", "2026-12-01T11:00"),
        # From Sunday noon: ISO weeks 12 and 13 lose an hour to summer time on Sunday, 29 March.
        ("2026-03-22T12:00/P1W", "2026-03-22T11:00", "2026-03-29T10:00"),
        ("2026-11-22/P1W", "2026-11-21T23:00", "2026-11-28T23:00"),
        ("2026-10-15/P3M", "2026-10-14T22:00", "2027-01-14T23:00"),
        ("2026-01-28/P1Y", "2026-01-27T23:00", "2027-01-27T23:00"),
        ("2026-02-28/P1M", "2026-02-27T23:00", "2026-03-27T23:00"),
        # 02:30 does not exist on 29 March: the day begins an hour later, and is an hour shorter.
        ("2026-03-29T02:30/P1D", "2026-03-29T01:30", "2026-03-30T00:30"),
        # 02:30 occurs twice on 25 October: the day begins at the first of them.
        ("2026-10-25T02:30/P1D", "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_an_anchored_window_begins_at_its_local_day_and_time(window_id: str, start: str, end: str) -> None:
    window = windows.window_of_id(window_id, "Europe/Berlin")
    assert (to_text(window.start)[:16], to_text(window.end)[:16]) == (start, end)
    assert windows.window_at(windows.cycle_of_id(window_id), "Europe/Berlin", window.start).id == window_id


@pytest.mark.parametrize(
    "wrong",
    # A second id of the usual window; a day that not every month has; not in the first month of its quarter or year.
    [
        "2026-11-01/P1M",
        "2026-11-23/P1W",
        "2026-11-22/P1D",
        "2026-11-15T00:00/P1M",
        "2026-11-29/P1M",
        "2026-11-15/P3M",
        "2026-02-15/P1Y",
        "2026-11-15T24:00/P1M",
        "2026-11-15/P2M",
        "2026-02-30/P1M",
        "2026-11-15/P1M/",
        "0000-01-15/P1M",
    ],
)
def test_an_anchored_id_that_names_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(CalendarError):
        windows.window_of_id(wrong, "UTC")


def test_an_anchor_that_is_the_usual_one_is_none() -> None:
    assert windows.cycle_of_terms({"calendar": "week", "begin": "monday", "at": "00:00"}).name == "week"
    assert windows.cycle_of_terms({"calendar": "month", "begin": 1}).name == "month"


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"calendar": "month", "begin": 29}, "from 1 to 28"),
        ({"calendar": "month", "begin": True}, "from 1 to 28"),
        ({"calendar": "month", "begin": "sunday"}, "from 1 to 28"),
        ({"calendar": "week", "begin": 3}, "monday, tuesday"),
        ({"calendar": "week", "begin": ["sunday"]}, "monday, tuesday"),
        ({"calendar": "day", "begin": 2}, "leave it out"),
        ({"calendar": "day", "at": "24:00"}, "from 00:00 to 23:59"),
        ({"calendar": "day", "at": 12}, "from 00:00 to 23:59"),
    ],
)
def test_an_anchor_that_cannot_be_is_refused(window: dict[str, object], says: str) -> None:
    with pytest.raises(CalendarError, match=says):
        windows.cycle_of_terms(window)
