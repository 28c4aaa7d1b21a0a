"""The measurements of twelve past months and of this month, computed from the present instant and ``SEED`` alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from slm.demo.alder.script import targets
from slm.demo.alder.script.timeline import HOUR, MINUTE, SECOND, Month, Timeline
from slm_events.instants import to_text

Fact = dict[str, Any]
SOURCE = "pulse"
"""The provider's monitoring system, which sends all measurements."""
SEED = 2026

# Minutes of downtime by months before the present one. All other months have none.
_CHECKOUT = {12: 3, 11: 11, 9: 26, 8: 2, 7: 14, 5: 31, 4: 3, 3: 70, 2: 8}
_MAIL = {12: 6, 10: 12, 8: 19, 6: 240, 4: 9, 3: 15, 1: 22}
_BANKING = {10: 8, 7: 21, 5: 12, 2: 64}
_PAYMENTS = {9: 12, 5: 9, 1: 52}
_LINES = {7: 30, 2: 64}
_NETWORK = {11: 5, 6: 14, 2: 9}

MAINTENANCE_BACK = 3
"""How many months ago checkout had an hour of maintenance. It caused a breach, which was withdrawn when the customer
approved the exclusion of this hour.
"""
MAINTENANCE = (14, 3)
"""Day of the month and local hour at which an outage of checkout began. Its first hour was planned maintenance."""
BREACH_BACK = 1
"""How many months back checkout was down for longer than its agreement allows."""
MAIL_BACK = 6
"""How many months back one outage of the mail platform breached four agreements."""
CUT_BACK = 2
"""How many months back road works cut Brightwater's line to the bank."""

CHECKOUT_LEFT = 122 * SECOND
"""Microseconds of downtime that checkout's target still allows this month: 2 min 2 s."""
MAIL_LEFT = 60 * SECOND
"""Microseconds of downtime that mail's targets still allow this month. The next outage lasts longer."""
SILENT_FOR = 4 * HOUR + 32 * MINUTE
"""Time since the last data of the results portal, microseconds."""
_STEP = 3 * HOUR
"""The time that one batch of counts or answer times covers: three hours."""


@dataclass(frozen=True)
class Outage:
    """One outage of an indicator, from ``begin`` up to and without ``end``, in microseconds UTC."""

    indicator: str
    id: str
    begin: int
    end: int

    def fact(self) -> Fact:
        """Return the outage as a measurement for the API."""
        interval = {"from": to_text(self.begin), "to": to_text(self.end)}
        return {"source": SOURCE, "indicator": self.indicator, "id": self.id, "outage": interval}


def outages(timeline: Timeline, seed: int = SEED) -> list[Outage]:
    """Return all outages up to the present. The outages of an indicator are in order of time."""
    random = Random(f"{seed}/outages")
    past = [each for back, month in timeline.past() for each in _of_month(back, month, random)]
    return past + _of_present(timeline)


def measurements(timeline: Timeline, seed: int = SEED) -> list[Fact]:
    """Return every measurement of the history up to the present."""
    facts = [each.fact() for each in outages(timeline, seed)]
    facts += _answer_times(timeline, Random(f"{seed}/answer times"))
    facts += _counted(timeline, targets.BANKING_REQUESTS, 40_000, 0.0016, Random(f"{seed}/banking"))
    facts += _portal(timeline, Random(f"{seed}/portal"))
    facts += _stars(timeline, Random(f"{seed}/stars"))
    facts += _releases(timeline, Random(f"{seed}/releases"))
    return facts


def last_portal_measurement(timeline: Timeline) -> int:
    """Return the instant of the results portal's last measurement, a whole minute in microseconds UTC."""
    return (timeline.now - SILENT_FOR) // MINUTE * MINUTE


def maintenance_interval(timeline: Timeline) -> tuple[int, int]:
    """Return start and end of checkout's hour of maintenance, in microseconds UTC."""
    begin = timeline.month(MAINTENANCE_BACK).at(*MAINTENANCE)
    return begin, begin + HOUR


def line_cut_interval(timeline: Timeline) -> tuple[int, int]:
    """Return start and end of the interval in which the bank's line was cut, in microseconds UTC."""
    begin = timeline.month(CUT_BACK).at(12, 10, 20)
    return begin, begin + _BANKING[CUT_BACK] * MINUTE


def _of_month(back: int, month: Month, random: Random) -> Iterator[Outage]:
    for indicator, minutes in ((targets.PAYMENTS, _PAYMENTS), (targets.NETWORK, _NETWORK)):
        if minutes.get(back):
            yield _one(indicator, month, _workday(month, random), minutes[back])
    if back == BREACH_BACK:
        # Payments take checkout with them; a failed release follows two weeks later.
        at = month.at(9, 11, 14)
        yield _one(targets.CHECKOUT, month, at, _PAYMENTS[back], "payments")
        yield _one(targets.CHECKOUT, month, month.at(23, 14, 40), 19, "release")
    elif back == MAINTENANCE_BACK:
        yield _one(targets.CHECKOUT, month, month.at(*MAINTENANCE), _CHECKOUT[back])
    elif back in _CHECKOUT:
        yield _one(targets.CHECKOUT, month, _workday(month, random), _CHECKOUT[back])
    if back in _MAIL:
        at = month.at(17, 8, 5) if back == MAIL_BACK else _workday(month, random)
        yield _one(targets.MAIL, month, at, _MAIL[back])
    for indicator, minutes in ((targets.BANKING, _BANKING), (targets.LINES, _LINES)):
        if back in minutes:
            at = month.at(12, 10, 20) if back == CUT_BACK else _workday(month, random)
            yield _one(indicator, month, at, minutes[back])


def _of_present(timeline: Timeline) -> list[Outage]:
    """Return this month's outages. They use up nearly all downtime that the targets of checkout and mail allow."""
    month = timeline.month(0)
    allowed = month.length // 1000
    checkout = _spread(timeline, targets.CHECKOUT, allowed - CHECKOUT_LEFT, (0.18, 0.52, 0.86))
    return checkout + _spread(timeline, targets.MAIL, allowed - MAIL_LEFT, (0.3, 0.7))


def mail_downtime_left(timeline: Timeline) -> int:
    """Return the downtime that mail's targets still allow this month, in microseconds.

    It is ``MAIL_LEFT``, and more in the first hours of a month, when the planned outages do not fit at their full
    length.
    """
    month = timeline.month(0)
    down = sum(
        each.end - max(each.begin, month.start) for each in _of_present(timeline) if each.indicator == targets.MAIL
    )
    return month.length // 1000 - down


def _spread(timeline: Timeline, indicator: str, total: int, places: tuple[float, ...]) -> list[Outage]:
    """Divide ``total`` microseconds of downtime among outages, one for each place.

    A place says when its outage begins, as a share of the time since the month began: 0.5 is halfway to the present.
    In the first hours of a month the outages are shortened to fit, so the sum is less than ``total``.
    """
    month = timeline.month(0)
    elapsed = timeline.now - month.start
    share = total // len(places)
    found = []
    for number, (place, following) in enumerate(pairwise((*places, 1.0))):
        begin = month.start + int(elapsed * place) // SECOND * SECOND
        room = month.start + int(elapsed * (place + 0.9 * (following - place))) - begin
        length = min(total - share * (len(places) - 1) if number == 0 else share, room)
        if length > 0:
            found.append(Outage(indicator, f"{indicator}/{month.id}/{number + 1}", begin, begin + length))
    return found


def _one(indicator: str, month: Month, begin: int, minutes: int, name: str = "1") -> Outage:
    return Outage(indicator, f"{indicator}/{month.id}/{name}", begin, begin + minutes * MINUTE)


def _workday(month: Month, random: Random) -> int:
    """Return a random instant (microseconds UTC) in the month's first four weeks, on a working day from 9 to 16
    o'clock.
    """
    return month.at(random.choice(month.workdays()), random.randrange(9, 16), random.randrange(60))


def _batches(timeline: Timeline, until: int) -> Iterator[int]:
    return iter(range(timeline.begin + _STEP, until, _STEP))


def _answer_times(timeline: Timeline, random: Random) -> Iterator[Fact]:
    for at in _batches(timeline, timeline.now):
        slow = random.randrange(2, 9)
        counts = [random.randrange(120, 200), random.randrange(60, 90), slow, 0]
        summed = counts[0] * 90 + counts[1] * 220 + slow * 480
        histogram = {"bounds": [150, 300, 1000], "counts": counts, "sum": summed, "min": 21, "max": 940}
        yield {**_named(targets.CHECKOUT_SPEED, at), "histogram": histogram}


def _counted(timeline: Timeline, indicator: str, volume: int, bad: float, random: Random) -> Iterator[Fact]:
    for at in _batches(timeline, timeline.now):
        total = int(volume * random.uniform(0.5, 1.5))
        yield {**_named(indicator, at), "total": total, "good": total - int(total * bad * random.uniform(0.4, 1.8))}


def _portal(timeline: Timeline, random: Random) -> Iterator[Fact]:
    """Yield the counts of pages shown by the results portal, from its last measurement back to the first one."""
    for at in range(last_portal_measurement(timeline), timeline.begin, -_STEP):
        total = random.randrange(200, 900)
        yield {**_named(targets.PORTAL_PAGES, at), "total": total, "good": total - random.choice((0, 0, 0, 1))}


def _stars(timeline: Timeline, random: Random) -> Iterator[Fact]:
    """Yield the ratings of the service desk. From three months ago on, each month's ratings are lower than before.

    They still meet the target.
    """
    for back, month in [*timeline.past(), (0, timeline.month(0))]:
        good = {3: 0.5, 2: 0.38, 1: 0.25, 0: 0.2}.get(back, 0.9)
        for number in range(40):
            at = month.start + int(month.length * (number + random.random()) / 40) // SECOND * SECOND
            score = 5 if random.random() < good else random.choice((3, 4, 4))
            if at < timeline.now:
                yield {**_named(targets.DESK_STARS, at), "id": f"stars/{month.id}/{number}", "score": score}


def _releases(timeline: Timeline, random: Random) -> Iterator[Fact]:
    for _, month in timeline.past():
        for number in range(random.choice((0, 1, 1, 2, 3))):
            at = month.at(3 + 6 * number, 21, random.randrange(60))
            yield {**_named(targets.RELEASES, at), "id": f"release/{month.id}/{number}", "count": 1}


def _named(indicator: str, at: int) -> Fact:
    return {"source": SOURCE, "indicator": indicator, "at": to_text(at)}
