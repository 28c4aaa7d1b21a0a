"""Tickets judged and met per priority, read off a ServiceNow audit log with nothing of the product.

``python independent_incident_log.py FILE`` prints a table for each of four policies: time counts in office hours
(Mon-Fri 08:00-18:00 UTC) or always, and `Awaiting ...` does or does not pause it; `Closed` always does, as a closed
incident that goes on was reopened. A ticket's priority is its final one.
"""

import csv
import gzip
import sys
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

HOURS = {"1 - Critical": 4, "2 - High": 8, "3 - Moderate": 24, "4 - Low": 72}
MONDAY = datetime(2000, 1, 3)  # noqa: DTZ001 - the whole log is in UTC


def time(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M")  # noqa: DTZ007


def office_minutes(at: datetime) -> int:
    """Office minutes from MONDAY to that minute."""
    days, minute = (at - MONDAY).days, at.hour * 60 + at.minute
    today = min(max(minute - 480, 0), 600) if days % 7 < 5 else 0
    return (days // 7 * 5 + min(days % 7, 5)) * 600 + today


def after_office_minutes(count: int) -> datetime:
    """The instant at which that many office minutes since MONDAY are over: at the latest 18:00 of their day."""
    day, minute = divmod(count - 1, 600)
    return MONDAY + timedelta(days=day // 5 * 7 + day % 5, minutes=480 + minute + 1)


def all_minutes(at: datetime) -> int:
    """Likewise, every minute counting."""
    return (at - MONDAY) // timedelta(minutes=1)


def after_all_minutes(count: int) -> datetime:
    return MONDAY + timedelta(minutes=count)


def is_met(rows: list[dict[str, str]], office: bool, pausing: bool) -> bool:
    minutes, after = (office_minutes, after_office_minutes) if office else (all_minutes, after_all_minutes)
    opened, resolved = time(rows[-1]["opened_at"]), time(rows[-1]["resolved_at"])
    spent = minutes(opened) + HOURS[rows[-1]["priority"]] * 60
    due = after(spent)
    changes = sorted((time(row["sys_updated_at"]), number) for number, row in enumerate(rows))
    stretches = [(opened, rows[0]["incident_state"])] + [(at, rows[n]["incident_state"]) for at, n in changes]
    for (begin, state), (end, _) in zip(stretches, [*stretches[1:], (resolved, "")], strict=True):
        begin, end = max(begin, opened), min(end, resolved)
        # A closed incident that is worked on again was reopened: the time in between is nobody's.
        stands = state == "Closed" or (pausing and state.startswith("Awaiting"))
        if stands and begin < end and begin < due:
            waited = minutes(end) - minutes(begin)
            spent, due = (spent + waited, after(spent + waited)) if waited else (spent, due)
    return resolved <= due


def figures(path: str | Path, office: bool = True, pausing: bool = True) -> dict[str, tuple[int, int]]:
    """Priority → (judged, met)."""
    counts = {priority: [0, 0] for priority in HOURS}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as log:
        for _, group in groupby(csv.DictReader(log), key=lambda row: row["number"]):
            rows = list(group)
            if rows[-1]["resolved_at"] != "?":
                counts[rows[-1]["priority"]][0] += 1
                counts[rows[-1]["priority"]][1] += is_met(rows, office, pausing)
    return {priority: (judged, met) for priority, (judged, met) in counts.items()}


if __name__ == "__main__":
    for office in (True, False):
        for pausing in (True, False):
            print("office hours" if office else "24x7", "paused while waiting" if pausing else "never paused")
            for priority, (judged, met) in figures(sys.argv[1], office, pausing).items():
                print(f"  {priority:14} judged {judged:5} met {met:5}")
