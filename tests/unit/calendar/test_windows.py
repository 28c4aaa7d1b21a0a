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
    assert windows.kind_of_id(window.id) == kind
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
        windows.window_at("fortnight", "UTC", 0)  # type: ignore[arg-type]
    with pytest.raises(CalendarError, match="IANA"):
        windows.window_at("month", "Mars/Base", 0)
