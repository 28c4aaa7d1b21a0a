"""View model of the Today page: one sentence, the rows by urgency, and the state of the services."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.judgement.allowances import whole_minutes
from slm_console.views.judgement.figures import short_month
from slm_console.views.judgement.strips import Strip, strip_of
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.reader import SECOND, Reader
from slm_console.views.tables import Column, Table, Wish, number_in, table_of
from slm_console.views.today.rows import BUCKETS, UrgentRow
from slm_console.views.today.sentence import SentencePart, select_rows, sentence_of
from slm_console.views.today.urgency import rows_of

MOST_LISTED = 200
"""How many items of each kind the page asks the API for."""
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bucket:
    """Rows of the same urgency, with their heading."""

    key: str
    title: str
    rows: Sequence[UrgentRow]


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """The state of a service. ``lost`` is its counted downtime of the month in whole minutes, empty if not known."""

    service_id: str
    name: str
    note: str
    now_mark: str
    now: str
    month_mark: str
    strip: Strip
    lost: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything that the Today page shows, as of one instant."""

    sentence: Sequence[SentencePart]
    buckets: Sequence[Bucket]
    services: Sequence[ServiceRow]
    month: str
    is_empty: bool
    """Whether there is nothing to show yet; the page then offers the first steps of the set-up."""
    is_cut: bool = False
    """Whether a list of the API may be longer than the page asked for, so that rows are missing."""

    @property
    def rows(self) -> list[UrgentRow]:
        """All rows, the most urgent first."""
        return [row for bucket in self.buckets for row in bucket.rows]


def today_of(
    reader: Reader,
    directory: Directory,
    summary: Answer | None,
    causes: Sequence[Answer] = (),
    needs: Sequence[Answer] = (),
    mine: Collection[str] = (),
) -> Today:
    """Return the view model of the Today page.

    ``mine`` has the keys, such as ``breach/ID``, of the items that are assigned to the reader. Without a summary, the
    page has only rows about causes and agreements.
    """
    if summary is None:
        summary = NOTHING
    rows = rows_of(reader, directory, summary, causes, needs, mine)
    titles = {
        "now": reader.gettext("Now"),
        "today": reader.gettext("Today"),
        "this_week": reader.gettext("This week"),
        "later": reader.gettext("Later"),
    }
    buckets = [Bucket(key, titles[key], [row for row in rows if row.bucket == key]) for key in BUCKETS]
    months = summary["months"]
    lists = [summary[name] for name in ("down", "breaches", "risks", "exclusions", "stale", "tickets")]
    return Today(
        sentence=sentence_of(reader, rows),
        buckets=[bucket for bucket in buckets if bucket.rows],
        services=services_of(reader, directory, summary),
        month=short_month(reader, months[-1]) if months else "",
        is_empty=not rows and not summary["services"],
        is_cut=any(len(each) >= MOST_LISTED for each in lists),
    )


def count_of(today: Today, keys: Collection[str]) -> int:
    """Return how many rows of the page have one of these keys."""
    return sum((row.item or row.key) in keys for row in today.rows)


def without(reader: Reader, today: Today, keys: Collection[str]) -> Today:
    """Return the page without the rows that have one of these keys; the sentence does not count them."""
    kept = _with_rows(today, lambda row: (row.item or row.key) not in keys)
    return replace(kept, sentence=sentence_of(reader, kept.rows))


def only(reader: Reader, today: Today, part: str) -> Today:
    """Return the page with only the rows that one part of the sentence is about; the sentence stays as it is.

    ``part`` is the key of that part.
    """
    keys = {row.key for row in select_rows(reader, today.rows, part)}
    return _with_rows(today, lambda row: row.key in keys)


def _with_rows(today: Today, is_kept: Callable[[UrgentRow], bool]) -> Today:
    kept = [replace(each, rows=[row for row in each.rows if is_kept(row)]) for each in today.buckets]
    return replace(today, buckets=[bucket for bucket in kept if bucket.rows])


NOTHING: Answer = {
    "down": [], "breaches": [], "risks": [], "exclusions": [], "stale": [],
    "tickets": [], "months": [], "services": [],
}  # fmt: skip
"""An empty summary, used when the service that has it is away."""


def services_of(reader: Reader, directory: Directory, summary: Answer) -> list[ServiceRow]:
    """Return the rows for the summary's services, in its order: those that are down come first."""
    return [_service(reader, directory, summary["months"], each) for each in summary["services"]]


def _service(reader: Reader, directory: Directory, months: Sequence[str], service: Answer) -> ServiceRow:
    service_id = str(service["service_id"])
    known = service_id in directory.services
    name = str(service["service_name"] or "")
    outcome = directory.outcome(service_id) if known else name
    mark, now = state_in_words(reader, service["state"], service["state_since_at"])
    lost = service["lost_seconds"]
    return ServiceRow(
        service_id=service_id,
        name=outcome or service_id,
        note=name if name != outcome else "",
        now_mark=mark,
        now=now,
        month_mark=mark_of(service["verdict"], is_open=True),
        strip=strip_of(reader, months, service["strip"]),
        lost="" if lost is None else reader.whole(whole_minutes(lost * SECOND)),
    )


def unmeasured(directory: Directory, summary: Answer | None) -> list[str]:
    """Return the names of the reader's own services that were never measured or judged, in alphabetical order.

    A service whose measurements have stopped is left out: another row of the page says so.
    """
    services = summary["services"] if summary else ()
    silent = {each["service_id"] for each in summary["stale"]} if summary else set()
    found = [
        str(each["service_id"])
        for each in services
        if each["state"] is None and each["verdict"] is None and each["service_id"] not in silent
    ]
    own = [each for each in found if directory.services.get(each, {}).get("provider_party_id") == directory.own]
    return sorted(directory.service(each) for each in own)


def service_columns(reader: Reader, month: str) -> list[Column[ServiceRow]]:
    """Return the columns of the table of services. ``month`` is the present month's short name."""
    return [
        Column("service", reader.gettext("Service"), lambda row: f"{row.name} {row.note}".strip()),
        Column("now", reader.gettext("Now"), lambda row: row.now, is_natural=True),
        Column("month", month, lambda row: MARKS[row.month_mark].word(reader)),
        Column("strip", reader.gettext("Last 12 months"), lambda row: row.strip.words),
        Column(
            "lost",
            reader.gettext("Minutes lost, %(month)s", month=month),
            lambda row: row.lost,
            order=lambda row: number_in(row.lost),
            is_number=True,
        ),
    ]


def row_columns(reader: Reader, titles: Mapping[str, str]) -> list[Column[UrgentRow]]:
    """Return the columns of the table of rows. ``titles``: bucket → its heading."""
    return [
        Column("urgency", reader.gettext("Urgency"), lambda row: titles.get(row.bucket, row.bucket)),
        Column("state", reader.gettext("State"), lambda row: row.word or MARKS[row.mark].word(reader)),
        Column("what", reader.gettext("What"), lambda row: row.what),
        Column("why", reader.gettext("Why"), lambda row: row.why),
        Column("left", reader.gettext("Time and amount"), lambda row: row.left),
        Column("extent", reader.gettext("How much"), lambda row: row.extent),
    ]


def table_of_rows(reader: Reader, today: Today, wish: Wish) -> Table[UrgentRow]:
    """Return all rows of the page as one table; sorting keeps the order of the buckets."""
    titles = {bucket.key: bucket.title for bucket in today.buckets}
    rows = [row for bucket in today.buckets for row in bucket.rows]
    return table_of(row_columns(reader, titles), rows, wish, size=100, group=lambda row: BUCKETS.index(row.bucket))


def buckets_on_page(today: Today, table: Table[UrgentRow]) -> list[Bucket]:
    """Return the buckets that have rows on the shown page of the table, each with only these rows."""
    buckets = [replace(each, rows=[row for row in table.rows if row.bucket == each.key]) for each in today.buckets]
    return [each for each in buckets if each.rows]


def state_in_words(reader: Reader, state: str | None, since: object) -> tuple[str, str]:
    """Return state mark and words for a service's present state, such as ``breached`` and ``down since 10:02``."""
    when = instants.read(since)
    moment = reader.moment(when) if when is not None else ""
    if state == "down":
        return "breached", reader.gettext("down since %(moment)s", moment=moment) if moment else reader.gettext("down")
    if state == "degraded":
        return "at-risk", reader.gettext("slow since %(moment)s", moment=moment) if moment else reader.gettext("slow")
    if state == "up":
        return "met", reader.gettext("up")
    return "no-data", reader.gettext("no data") if state == "unknown" else reader.gettext("not measured")
