"""Rows of a service's page: its targets with the remaining error budget, and its requests to exclude time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.explained.time_sums import kinds_in_words
from slm_console.views.judgement.allowances import Allowance, allowance_of, budget_of, pace_of
from slm_console.views.judgement.figures import beside_figure, exact, explain_path, figure_in_words
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader
from slm_console.views.tables import Column

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A row for one target of a service."""

    target_id: str
    title: str
    promise: str
    other: str
    figure: str
    beside: str
    """What qualifies the figure, such as ``so far, only 12.4 % known``; else empty."""
    explain: str
    """Path of the page that shows how the figure is worked out."""
    mark: str
    state: str
    """The state in words. A customer whom the agreement does not warn reads ``not breached``, not ``on track``."""
    allowance: Allowance | None
    pace: str


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """A row for one request to exclude time."""

    exclusion_id: str
    text: str
    kind: str
    when: str
    length: str
    lasts: int
    """Total length of all its intervals, in microseconds."""
    state: str
    mark: str
    who: str
    decision_due: str
    may_decide: bool
    may_revoke: bool
    reason: str
    sort_at: int
    agreement_id: str
    repeats: str
    """How many times the excluded time recurs, in words; empty if it does not recur."""
    title: str
    """The title: ``Corner Shop asks that 1 h do not count``, and once that is decided ``1 h do not count``."""
    decisions: Sequence[str]
    """Who decided the request, and who withdrew an approval, each with the time, in order of time."""


DECIDERS = ("service_level_manager", "business_signatory", "provider_signatory")
"""Roles that may approve, reject or revoke exclusions for their company."""


def target_columns(reader: Reader) -> list[Column[TargetRow]]:
    """Return the columns of the table of a service's targets."""
    return [
        Column("promise", reader.gettext("Promise"), lambda row: f"{row.title}: {row.promise}".removesuffix(": ")),
        Column("with", reader.gettext("With"), lambda row: row.other),
        Column("state", reader.gettext("State"), lambda row: row.state, is_natural=True),
        Column("allowed", reader.gettext("Allowed"), lambda row: row.allowance.sentence if row.allowance else ""),
        Column("used", reader.gettext("Used")),
        Column("figure", reader.gettext("Figure"), lambda row: row.figure, is_number=True),
    ]


def target_rows(
    reader: Reader, directory: Directory, targets: Iterable[Answer], unwarned: Collection[str] = ()
) -> list[TargetRow]:
    """Return the rows for a service's targets, the worst state first; ticket targets are left out.

    ``unwarned`` are the ids of the agreements that show warnings to the reader's company late or never.
    """
    order = ("breached", "at-risk", "no-data", "on-track", "met")
    rows = [_target(reader, directory, each, unwarned) for each in targets if not each.get("tickets")]
    return sorted(rows, key=lambda row: (order.index(row.mark) if row.mark in order else 9, row.title))


def _target(reader: Reader, directory: Directory, target: Answer, unwarned: Collection[str]) -> TargetRow:
    window = target["window"]
    objective = target["terms"]["objective"]
    other = target["customer_party_id"] if directory.own == target["provider_party_id"] else target["provider_party_id"]
    window = target["window"] or {}
    mark = mark_of(window["verdict"], is_open=True) if window and not target.get("no_data") else "no-data"
    return TargetRow(
        target_id=target["target_id"],
        title=target["title"],
        promise=objective_in_words(reader, objective),
        other=directory.company(other),
        figure=figure_in_words(reader, exact(window["figure"]) if window else None, objective),
        beside=beside_figure(reader, target["window"]),
        explain=explain_path(target["target_id"], window),
        mark=mark,
        state=reader.gettext("not breached")
        if mark == "on-track" and target["agreement_id"] in unwarned
        else MARKS[mark].word(reader),
        allowance=allowance_of(reader, budget_of(target["terms"], window), mark),
        pace=pace_of(reader, window),
    )


def maintenance_rows(reader: Reader, directory: Directory, exclusions: Iterable[Answer]) -> list[MaintenanceRow]:
    """Return the rows for requests to exclude time: those that the reader can decide first, then the latest."""
    rows = [maintenance_row(reader, directory, each) for each in exclusions]
    return sorted(rows, key=lambda row: (not row.may_decide, -row.sort_at))


def maintenance_columns(reader: Reader) -> list[Column[MaintenanceRow]]:
    """Return the columns of the list of requests to exclude time."""
    return [
        Column("when", reader.gettext("When"), lambda row: row.when, order=lambda row: row.sort_at),
        Column(
            "length", reader.gettext("How long"), lambda row: row.length, order=lambda row: row.lasts, is_number=True
        ),
        Column("why", reader.gettext("Why"), lambda row: f"{row.text} ({row.kind})"),
        Column("who", reader.gettext("Asked by"), lambda row: row.who),
        Column("state", reader.gettext("State"), lambda row: row.state),
        Column("act", reader.gettext("What to do")),
    ]


def maintenance_row(reader: Reader, directory: Directory, exclusion: Answer) -> MaintenanceRow:
    """Return the row for one request to exclude time."""
    spans = [(_instant(each["from"]), _instant(each["to"])) for each in exclusion["intervals"]]
    length = sum(end - start for start, end in spans)
    first = spans[0] if spans else (reader.now, reader.now)
    when = reader.span(first[0], first[1])
    if len(spans) > 1:
        when = reader.ngettext(
            "%(first)s and %(count)s more", "%(first)s and %(count)s more", len(spans) - 1, first=when
        )
    mark, state = _state(reader, directory, exclusion)
    decision_due = instants.read(exclusion.get("decide_by_at"))
    may_act = directory.has_role(*DECIDERS)
    is_mine = directory.own in (exclusion.get("provider_party_id"), exclusion.get("customer_party_id"))
    waits_for_me = bool(exclusion.get("waits_for_party_id")) and exclusion["waits_for_party_id"] == directory.own
    return MaintenanceRow(
        exclusion_id=exclusion["exclusion_id"],
        text=str(exclusion["text"]),
        kind=kinds_in_words(reader).get(exclusion["kind"], exclusion["kind"]),
        when=when,
        length=reader.length(length),
        lasts=length,
        state=state,
        mark=mark,
        who=directory.company(exclusion["requested_by_party_id"]),
        decision_due=reader.moment(decision_due) if decision_due is not None else "",
        may_decide=may_act and waits_for_me,
        may_revoke=may_act and is_mine and exclusion["state"] == "approved",
        reason=str(exclusion.get("revocation_reason") or exclusion.get("decision_reason") or ""),
        sort_at=first[0],
        agreement_id=exclusion["agreement_id"],
        repeats=reader.ngettext("%(count)s time", "%(count)s times", len(spans)) if exclusion["recurrence"] else "",
        title=_title(reader, directory, exclusion, reader.length(length)),
        decisions=list(_decisions(reader, directory, exclusion)),
    )


def _title(reader: Reader, directory: Directory, exclusion: Answer, length: str) -> str:
    company = directory.company(exclusion["requested_by_party_id"])
    if exclusion["state"] == "requested":
        return reader.gettext("%(company)s asks that %(length)s do not count", company=company, length=length)
    if exclusion["state"] == "approved":
        return reader.gettext("%(length)s do not count", length=length)
    return reader.gettext("%(company)s asked that %(length)s do not count", company=company, length=length)


def _decisions(reader: Reader, directory: Directory, exclusion: Answer) -> Iterator[str]:
    at = instants.read(exclusion["decided_at"])
    if at is not None and exclusion["decided_by_party_id"]:
        by, moment = directory.company(exclusion["decided_by_party_id"]), reader.dated_within(at)
        if exclusion["state"] == "rejected":
            yield reader.gettext("refused by %(company)s, %(moment)s", company=by, moment=moment)
        else:
            yield reader.gettext("approved by %(company)s, %(moment)s", company=by, moment=moment)
    elif at is not None:
        yield reader.gettext("by itself, because nobody decided in time, %(moment)s", moment=reader.dated_within(at))
    revoked = instants.read(exclusion["revoked_at"])
    if revoked is not None:
        by = directory.company(exclusion["revoked_by_party_id"])
        yield reader.gettext(
            "approval withdrawn by %(company)s, %(moment)s", company=by, moment=reader.dated_within(revoked)
        )


def _instant(text: object) -> int:
    found = instants.read(text)
    assert found is not None
    return found


def _state(reader: Reader, directory: Directory, exclusion: Answer) -> tuple[str, str]:
    waits_for = directory.company(exclusion.get("waits_for_party_id"))
    return {
        "requested": ("on-track", reader.gettext("waits for %(company)s", company=waits_for)),
        "approved": ("not-counted", reader.gettext("does not count")),
        "rejected": ("withdrawn", reader.gettext("refused")),
        "revoked": ("withdrawn", reader.gettext("counts again")),
        "lapsed": ("withdrawn", reader.gettext("not decided in time")),
    }.get(exclusion["state"], ("no-data", str(exclusion["state"])))
