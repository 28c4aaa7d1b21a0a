"""The tickets of twelve months and the tickets that are open now. The same timeline and seed give the same tickets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from slm.demo.alder.script.history import SEED
from slm.demo.alder.script.timeline import DAY, HOUR, MINUTE, Timeline, is_workday
from slm_events.instants import to_text

SOURCE = "alder-desk"
"""The provider's ticket system."""
MOST = 3_000
"""The most tickets of the whole history."""
URGENT_NUMBER = 20417
"""The number of the open P1 incident that is close to its deadline."""
URGENT_LEFT = 41 * MINUTE
"""Time left until the urgent incident's deadline, which is four hours after its opening. Microseconds."""
_WEEK = 7 * DAY


@dataclass(frozen=True)
class TicketLine:
    """A regular flow of tickets about one service of one customer; ``weekly``: how many a week."""

    service: str
    customer: str
    team: str
    weekly: int
    priorities: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class Ticket:
    """One ticket. ``steps``: (event, instant in microseconds UTC, further fields), in order."""

    line: TicketLine
    priority: str
    subject: str
    opened_at: int
    steps: tuple[tuple[str, int, dict[str, Any]], ...]

    def events(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield the ticket's events as items for the API. ``number`` becomes part of the ticket's name."""
        name = f"INC-{number}"
        about = {
            "type": "incident",
            "priority": self.priority,
            "service": self.line.service,
            "customer": self.line.customer,
            "attributes": {"x_subject": self.subject},
        }
        opening = ("opened", self.opened_at, {**about, "state": "new"})
        for sequence, (event, at, more) in enumerate((opening, *self.steps)):
            stamp = {"id": str(sequence), "sequence": sequence, "at": to_text(at)}
            yield {"source": SOURCE, "ticket": name, **stamp, "event": event, **more}


_DESK = TicketLine(
    "service-desk", "corner-shop", "Application desk", 22, ("P2", "P3", "P3", "P3"),
    ("Till shows yesterday's prices", "No access after holiday", "Printer of labels is silent", "New colleague",
     "Phone has no sound", "Shared folder is gone", "Password expired", "Screen flickers"),
)  # fmt: skip
_CHECKOUT = TicketLine(
    "checkout", "corner-shop", "Network team", 3, ("P1", "P2", "P2", "P2"),
    ("Vouchers are refused", "Payment page is slow", "Invoice lacks tax", "Card payments fail now and then"),
)  # fmt: skip
_BANKING = TicketLine(
    "online-banking", "harbour", "Application desk", 5, ("P2",),
    ("Statement cannot be loaded", "Log-in asks twice", "Standing order is missing", "App shows an old balance"),
)  # fmt: skip
_LINES = (_DESK, _CHECKOUT, _BANKING)

_MINUTES = {"P1": (40, 170), "P2": (60, 330), "P3": (120, 600)}
"""Priority → least and most minutes from opening to resolution of a usual ticket."""


def tickets(timeline: Timeline, seed: int = SEED) -> list[tuple[int, Ticket]]:
    """Return (number, ticket) of every ticket, the earliest first."""
    random = Random(f"{seed}/tickets")
    found = sorted(_past(timeline, random), key=lambda each: each.opened_at)
    found = sorted([*found, *_open(timeline)], key=lambda each: each.opened_at)
    urgent = next(place for place, each in enumerate(found) if each.priority == "P1" and not _is_over(each))
    return [(URGENT_NUMBER - urgent + place, each) for place, each in enumerate(found)]


def _is_over(ticket: Ticket) -> bool:
    return any(event == "resolved" for event, _, _ in ticket.steps)


def _past(timeline: Timeline, random: Random) -> Iterator[Ticket]:
    for begin in range(timeline.begin, timeline.now - _WEEK // 7, _WEEK):
        for line in _LINES:
            for _ in range(line.weekly):
                # Working days, 8 to 16 o'clock local time within an hour.
                opened = begin + random.choice(_workdays(begin)) * DAY + random.randrange(8 * 60, 15 * 60) * MINUTE
                ticket = _usual(line, opened, random)
                if ticket.steps[-1][1] < timeline.now - HOUR:
                    yield ticket


def _workdays(begin: int) -> list[int]:
    return [day for day in range(7) if is_workday(begin + day * DAY + DAY // 2)]


def _usual(line: TicketLine, opened: int, random: Random) -> Ticket:
    priority = random.choice(line.priorities)
    least, most = _MINUTES[priority]
    is_late = random.random() < 0.02
    length = random.randrange(least, most) * MINUTE * (4 if is_late else 1)
    answered = opened + random.randrange(2, 27 if random.random() < 0.99 else 90) * MINUTE
    resolved = max(opened + length, answered + 5 * MINUTE)
    steps: list[tuple[str, int, dict[str, Any]]] = [
        ("assigned", opened + MINUTE, {"attributes": {"team": line.team}}),
        ("first_response", answered, {}),
    ]
    if random.random() < 0.2:
        waits = answered + 2 * MINUTE
        resumes = waits + random.randrange(20, 180) * MINUTE
        steps.append(("state_changed", waits, {"state": "awaiting_customer"}))
        steps.append(("state_changed", resumes, {"state": "in_progress"}))
        resolved += resumes - waits
    steps.append(("resolved", resolved, {"state": "resolved"}))
    return Ticket(line, priority, random.choice(line.subjects), opened, tuple(steps))


def _open(timeline: Timeline) -> Iterator[Ticket]:
    """Yield the tickets that are open now, their clocks running; the first one is urgent."""
    urgent = timeline.now - 4 * HOUR + URGENT_LEFT
    yield _running(_CHECKOUT, "P1", "Card terminals offline", urgent, ("assigned", "first_response"))
    rows = (
        (_CHECKOUT, "P2", "Payment page is slow", 5 * HOUR, ("assigned", "first_response")),
        (_BANKING, "P2", "Standing order is missing", 3 * HOUR, ("assigned", "first_response")),
        (_BANKING, "P2", "Log-in asks twice", 26 * HOUR, ("assigned", "first_response", "waits")),
        (_DESK, "P3", "New colleague", 20 * HOUR, ("assigned", "first_response")),
        (_DESK, "P3", "Shared folder is gone", 6 * HOUR, ("assigned", "first_response", "waits")),
        (_DESK, "P2", "Till shows yesterday's prices", 2 * HOUR, ("assigned", "first_response")),
        (_DESK, "P3", "Screen flickers", 50 * MINUTE, ("assigned",)),
        (_DESK, "P3", "Password expired", 12 * MINUTE, ()),
    )
    for line, priority, subject, age, done in rows:
        yield _running(line, priority, subject, timeline.now - age, done)


def _running(line: TicketLine, priority: str, subject: str, opened: int, done: tuple[str, ...]) -> Ticket:
    known: dict[str, tuple[str, int, dict[str, Any]]] = {
        "assigned": ("assigned", opened + MINUTE, {"attributes": {"team": line.team}}),
        "first_response": ("first_response", opened + 6 * MINUTE, {}),
        "waits": ("state_changed", opened + 40 * MINUTE, {"state": "awaiting_customer"}),
    }
    return Ticket(line, priority, subject, opened, tuple(known[each] for each in done))
