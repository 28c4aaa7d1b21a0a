"""Rows of the Today page, made from the API's summary, causes, and acts that agreements need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_console.views import instants
from slm_console.views.clocks import time_since, time_to_deadline
from slm_console.views.directory import Directory
from slm_console.views.judgement.allowances import downtime_left, pace_in_words, share_used
from slm_console.views.judgement.figures import period_name
from slm_console.views.reader import SECOND, Reader
from slm_console.views.tickets import clock_in_words, mark_of_clock
from slm_console.views.today import rows as kinds
from slm_console.views.today.cause_rows import (
    CAUSE_BUCKETS,
    CauseDetails,
    cause_row,
    list_shortened,
    say_since,
    with_parts,
)
from slm_console.views.today.needs import need_row
from slm_console.views.today.rows import NEVER, RowAct, UrgentRow, order_by_deadline
from slm_console.views.today.signed import signed_rows

Item = Mapping[str, Any]


def rows_of(
    reader: Reader,
    directory: Directory,
    summary: Item,
    causes: Sequence[Item],
    needs: Sequence[Item],
    mine: Collection[str] = (),
) -> list[UrgentRow]:
    """Return the rows of the Today page, the most urgent first.

    All breaches and risks of one cause share a row; a breach or risk without a cause has a row of its own. ``mine`` has
    the keys of the items that are assigned to the reader: their rows come first among those of the same urgency.
    ``needs`` has two kinds of items: an item with the field ``need`` is an act that an agreement needs; an item without
    this field is a version that both sides signed lately.
    """
    grouped = {breach for cause in causes for breach in cause["breach_ids"]}
    single = [each for each in summary["breaches"] if each["breach_id"] not in grouped]
    listed = [each for each in causes if each["urgency"] in CAUSE_BUCKETS]
    known = _KnownRows(
        # Of several clocks of a ticket, the row shows the one that ends first.
        tickets={
            (each["source"], each["number"]): _ticket(reader, directory, each) for each in reversed(summary["tickets"])
        },
        risks={each["risk_id"]: _risk(reader, directory, each) for each in summary["risks"] if not each["ticket"]},
        tickets_of={
            each[name]: _ticket_of(each)
            for kind, name in (("breaches", "breach_id"), ("risks", "risk_id"))
            for each in summary[kind]
            if each["ticket"]
        },
        titles={
            each[name]: str(each["target_title"])
            for kind, name in (("breaches", "breach_id"), ("risks", "risk_id"))
            for each in summary[kind]
        },
    )
    rows: list[UrgentRow] = []
    shown: set[str] = set()
    items: dict[str, str] = {}
    for cause in listed:
        parts = known.parts_of([*cause["breach_ids"], *cause["risk_ids"]])
        if cause["urgency"] == "at_risk" and len(parts) == 1:
            # The row of the one promise or ticket at risk says more than the cause could.
            items[parts[0].key] = parts[0].item or f"cause/{cause['cause_id']}"
            continue
        risks = frozenset(cause["risk_ids"])
        details = CauseDetails(
            parts,
            projected=[each["projected_breach_at"] for each in summary["risks"] if each["risk_id"] in risks],
            promises=known.promises_of([*cause["breach_ids"], *cause["risk_ids"]]),
            is_down=any(each["service_id"] in cause["service_ids"] for each in summary["down"]),
        )
        rows.append(with_parts(cause_row(reader, directory, cause, details), parts))
        shown |= {part.key for part in parts}
    for breach in single:
        parts = known.parts_of([breach["breach_id"]])
        rows.append(with_parts(_breach(reader, directory, breach), parts))
        shown |= {part.key for part in parts}
    rows += (
        replace(each, item=items.get(each.key, each.item))
        for each in (*known.tickets.values(), *known.risks.values())
        if each.key not in shown
    )
    rows += [
        *_outages(reader, summary, listed, single),
        *(_exclusion(reader, directory, each) for each in summary["exclusions"]),
        *(_silent(reader, directory, each) for each in summary["stale"]),
        *(need_row(reader, each) for each in needs if "need" in each),
        *signed_rows(reader, [each for each in needs if "need" not in each]),
    ]
    return sorted(rows, key=lambda row: row.order_among(mine))


@dataclass(frozen=True, slots=True)
class _KnownRows:
    """Rows of tickets and risks. They are left out if the row of a cause or of a breach stands for them.

    ``tickets_of`` maps the id of a breach or risk to the key of its ticket in ``tickets``, and ``titles`` maps the id
    to the title of the target.
    """

    tickets: Mapping[tuple[str, str], UrgentRow]
    risks: Mapping[str, UrgentRow]
    tickets_of: Mapping[str, tuple[str, str]]
    titles: Mapping[str, str]

    def promises_of(self, findings: Sequence[str]) -> list[str]:
        """Return the titles of the targets that these breaches and risks are about, each once."""
        return sorted({self.titles[each] for each in findings if each in self.titles})

    def parts_of(self, findings: Sequence[str]) -> list[UrgentRow]:
        """Return the rows that are about these breaches and risks, each once, the most urgent first."""
        found = [self.risks.get(each) or self.tickets.get(self.tickets_of.get(each, ("", ""))) for each in findings]
        unique = {row.key: row for row in found if row is not None}
        return sorted(unique.values(), key=lambda row: row.order_among(()))


def _ticket_of(finding: Item) -> tuple[str, str]:
    return str(finding["ticket"]["source"]), str(finding["ticket"]["number"])


def _breach(reader: Reader, directory: Directory, breach: Item) -> UrgentRow:
    path = f"/breaches/{breach['breach_id']}"
    is_mine = directory.own == breach["responsible_party_id"]
    act = (
        RowAct(reader.gettext("Acknowledge"), f"{path}/acknowledge", posts=True)
        if is_mine
        else RowAct(reader.gettext("Open"), path)
    )
    why = [_when_broken(reader, breach), str(breach["service_name"] or "")]
    return UrgentRow(
        key=f"breach/{breach['breach_id']}",
        bucket=breach["urgency"],
        mark="breached",
        what=_titled(reader, directory, breach),
        path=path,
        why=" · ".join(part for part in why if part),
        left="",
        extent=reader.gettext("down now") if breach["is_down"] else reader.gettext("breached"),
        act=act,
        order=(1, -(instants.read(breach["certain_at"]) or 0)),
        explain="" if breach["ticket"] else f"/targets/{breach['target_id']}/worked-out?period={breach['window_id']}",
        can_be_selected=act.posts,
        item=f"breach/{breach['breach_id']}",
        counted=frozenset({kinds.BREACHED, kinds.OUTAGE} if breach["is_down"] else {kinds.BREACHED}),
    )


def _when_broken(reader: Reader, breach: Item) -> str:
    """Return when the promise was broken: ``since …`` while the service is down, else ``promise broken …``."""
    broken, recovered = instants.read(breach["certain_at"]), instants.read(breach["recovered_at"])
    if breach["is_down"] or broken is None:
        return say_since(reader, breach["certain_at"])
    if recovered is None:
        return reader.gettext("promise broken %(moment)s", moment=reader.moment(broken))
    return reader.gettext("promise broken %(span)s, over", span=reader.span(broken, recovered))


def _titled(reader: Reader, directory: Directory, item: Item) -> str:
    """Return the title of a breach or risk: target, other company, and period or ticket.

    The company is included because several customers may have been promised the same.
    """
    title = _with_company(reader, directory, item, str(item["target_title"]))
    if item.get("ticket"):
        return f"{item['ticket']['number']} {title}"
    return f"{title}, {period_name(reader, item['window_id'])}"


def _with_company(reader: Reader, directory: Directory, item: Item, title: str) -> str:
    """Return a title with the other company of the agreement: ``Mail for Corner Shop``, or ``Mail, by Greyline``."""
    if directory.own != item["customer_party_id"] and item["customer_name"]:
        return reader.gettext("%(title)s for %(company)s", title=title, company=item["customer_name"])
    if directory.own == item["customer_party_id"] and item["provider_name"]:
        return reader.gettext("%(title)s, by %(company)s", title=title, company=item["provider_name"])
    return title


def _outages(reader: Reader, summary: Item, causes: Sequence[Item], single: Sequence[Item]) -> Iterator[UrgentRow]:
    """Yield a row for each indicator that is down, except those that a row of a cause or breach already shows.

    ``causes`` are only the causes that have a row on the page because somebody has to act. An outage that nobody has to
    act on gets its row here. ``single`` are the breaches that have no cause yet.
    """
    explained = {str(each["name"]) for cause in causes for each in cause["about"] if cause["end_at"] is None}
    breached = {each["service_id"] for each in single if each["is_down"]}
    seen: set[tuple[str, str]] = set()
    for down in summary["down"]:
        indicator = down["indicator"]
        place = (str(indicator["owner_party_id"]), str(indicator["key"]))
        if "/".join(place) in explained or down["service_id"] in breached or place in seen:
            continue
        seen.add(place)
        companies = [str(each["customer_name"]) for each in down["affected"] if each["customer_name"]]
        why = [say_since(reader, down["since_at"]), list_shortened(reader, list(dict.fromkeys(companies)))]
        since = instants.read(down["since_at"])
        clock = (
            time_since(reader, since, lambda length: reader.gettext("down for %(length)s", length=length))
            if since is not None
            else None
        )
        yield UrgentRow(
            key=f"down/{'/'.join(place)}",
            bucket="now",
            mark="breached",
            what=reader.gettext("%(what)s: down", what=down["service_name"] or indicator["key"]),
            path=f"/services/{down['service_id']}",
            why=" · ".join(part for part in why if part),
            left=clock.text if clock else "",
            extent=reader.ngettext("%(count)s agreement", "%(count)s agreements", down["agreements"]),
            act=RowAct(reader.gettext("Open service"), f"/services/{down['service_id']}"),
            order=(0, -down["agreements"]),
            word=reader.gettext("down"),
            clock=clock,
            counted=frozenset({kinds.OUTAGE}),
        )


def _ticket(reader: Reader, directory: Directory, clock: Item) -> UrgentRow:
    path = f"/tickets/{clock['source']}/{clock['number']}"
    holder = clock["held_by"]
    why = [
        clock_in_words(reader, str(clock["clock"])),
        reader.gettext("held by %(name)s", name=holder) if holder else reader.gettext("held by nobody"),
        clock["agreement_title"] or "",
    ]
    deadline = instants.read(clock["deadline_at"])
    assert deadline is not None
    left = time_to_deadline(reader, deadline)
    title = _with_company(reader, directory, clock, str(clock["service_name"] or ""))
    return UrgentRow(
        key=f"ticket/{clock['source']}/{clock['number']}",
        bucket=clock["urgency"],
        # Without the clock's start, as in an answer that was cached before an update, it is not known how much is left.
        mark=mark_of_clock({**clock, "state": "running"}, deadline - reader.now)
        if clock.get("started_at")
        else "at-risk",
        what=f"{clock['number']} {title}".strip(),
        path=path,
        why=" · ".join(part for part in why if part),
        left=left.text,
        extent=str(clock["priority"] or ""),
        act=RowAct(reader.gettext("Open ticket"), path),
        order=order_by_deadline(clock["deadline_at"]),
        clock=left,
        deadline=deadline,
        counted=frozenset({kinds.TICKET_DUE} if clock["urgency"] == "now" else ()),
    )


def _risk(reader: Reader, directory: Directory, risk: Item) -> UrgentRow:
    path = f"/targets/{risk['target_id']}"
    owner = str((risk["responsible"] or {}).get("owner") or "")
    why = [pace_in_words(reader, None, risk["projected_breach_at"]), owner]
    left = share_used(reader, risk["budget_consumed_percent"])
    if risk["budget_left_seconds"] is not None:
        left = downtime_left(reader, risk["budget_left_seconds"] * SECOND, (risk["budget_seconds"] or 0) * SECOND)
    plan = (risk["responsible"] or {}).get("plan") or ()
    label = reader.gettext("Open plan") if plan else reader.gettext("Open")
    return UrgentRow(
        key=f"risk/{risk['target_id']}/{risk['window_id']}",
        bucket=risk["urgency"],
        mark="at-risk",
        what=_titled(reader, directory, risk),
        path=path,
        why=" · ".join(part for part in why if part),
        left=left,
        extent="" if left else reader.gettext("at risk"),
        act=RowAct(label, f"{path}#plan" if plan else path),
        order=order_by_deadline(risk["deadline_at"]),
        explain=f"{path}/worked-out?period={risk['window_id']}",
        item=f"risk/{risk['risk_id']}",
        counted=frozenset({kinds.AT_RISK}),
    )


def _exclusion(reader: Reader, directory: Directory, exclusion: Item) -> UrgentRow:
    path = f"/maintenance/{exclusion['exclusion_id']}"
    deadline = instants.read(exclusion["deadline_at"])
    left = reader.gettext("decide by %(moment)s", moment=reader.moment(deadline)) if deadline is not None else ""
    return UrgentRow(
        key=f"exclusion/{exclusion['exclusion_id']}",
        bucket=exclusion["urgency"],
        mark="not-counted",
        what=reader.gettext(
            "%(company)s asks that %(length)s do not count",
            company=directory.company(exclusion["requested_by_party_id"]),
            length=reader.length(exclusion["seconds"] * SECOND),
        ),
        path=path,
        why=" · ".join(part for part in (exclusion["text"], exclusion["agreement_title"] or "") if part),
        left=left,
        extent=str(exclusion["service_name"] or ""),
        act=RowAct(reader.gettext("Decide"), path),
        order=order_by_deadline(exclusion["deadline_at"]),
        deadline=deadline,
        counted=frozenset({kinds.TO_DECIDE}),
    )


def _silent(reader: Reader, directory: Directory, stale: Item) -> UrgentRow:
    since = instants.read(stale["since_at"])
    moment = reader.moment(since) if since is not None else ""
    clock = (
        time_since(reader, since, lambda length: reader.gettext("silent for %(length)s", length=length))
        if since is not None
        else None
    )
    path = f"/services/{stale['service_id']}" if stale["service_id"] else "/services"
    return UrgentRow(
        key=f"silent/{stale['indicator']['owner_party_id']}/{stale['indicator']['key']}",
        bucket=stale["urgency"],
        mark="no-data",
        what=reader.gettext(
            "%(name)s: no measurements since %(moment)s",
            name=directory.service(stale["service_id"]) or stale["indicator"]["key"],
            moment=moment,
        ),
        tip=str(stale["indicator"]["key"]),
        path=path,
        why="",
        left=clock.text if clock else "",
        extent="",
        act=RowAct(reader.gettext("Open service"), path),
        order=(NEVER, -stale["seconds"]),
        clock=clock,
        counted=frozenset({kinds.SILENT}),
    )
