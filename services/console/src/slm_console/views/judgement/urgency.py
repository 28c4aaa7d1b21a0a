"""Rows of the Today page, made from the API's summary, causes, and acts that agreements need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.judgement.allowances import pace_in_words
from slm_console.views.judgement.figures import period_name
from slm_console.views.judgement.rows import RowAct, UrgentRow
from slm_console.views.reader import DAY, SECOND, Reader

BUCKETS = ("now", "today", "this_week", "later")
Item = Mapping[str, Any]
_CAUSE_BUCKETS = {"now": "now", "unacknowledged": "today", "at_risk": "this_week", "unexplained": "later"}
_NEVER = 1 << 62


def rows_of(
    reader: Reader, directory: Directory, summary: Item, causes: Sequence[Item], needs: Sequence[Item]
) -> list[UrgentRow]:
    """Return the rows of the Today page, the most urgent first.

    All breaches of one cause share a row; a breach without a cause has a row of its own.
    """
    grouped = {breach for cause in causes for breach in cause["breach_ids"]}
    tickets = {(each["source"], each["number"]): _ticket(reader, each) for each in reversed(summary["tickets"])}
    breached = {each["breach_id"]: _ticket_of(each) for each in summary["breaches"] if each["ticket"]}
    listed = [each for each in causes if each["urgency"] in _CAUSE_BUCKETS]
    about = {ticket for breach, ticket in breached.items() if breach not in grouped}
    about |= {breached[each] for cause in listed for each in cause["breach_ids"] if each in breached}
    rows = [
        *(
            _with_ticket(_cause(reader, directory, each), tickets, [breached.get(one) for one in each["breach_ids"]])
            for each in listed
        ),
        *(
            _with_ticket(_breach(reader, directory, each), tickets, [breached.get(each["breach_id"])])
            for each in summary["breaches"]
            if each["breach_id"] not in grouped
        ),
        *_outages(reader, summary, causes),
        *(_ticket(reader, each) for each in summary["tickets"] if (each["source"], each["number"]) not in about),
        *(_risk(reader, directory, each) for each in summary["risks"] if not each["ticket"]),
        *(_exclusion(reader, directory, each) for each in summary["exclusions"]),
        *(_silent(reader, directory, each) for each in summary["stale"]),
        *(_need(reader, each) for each in needs),
    ]
    return sorted(rows, key=lambda row: (BUCKETS.index(row.bucket), row.order, row.key))


def _ticket_of(breach: Item) -> tuple[str, str]:
    return str(breach["ticket"]["source"]), str(breach["ticket"]["number"])


def _with_ticket(
    row: UrgentRow, tickets: Mapping[tuple[str, str], UrgentRow], about: Sequence[tuple[str, str] | None]
) -> UrgentRow:
    """Return a row with the time left of the ticket it is about, and at least as urgent as that ticket.

    The row is unchanged if it is about no ticket in ``tickets``.
    """
    found = next((tickets[each] for each in about if each is not None and each in tickets), None)
    if found is None:
        return row
    return replace(row, bucket=min(row.bucket, found.bucket, key=BUCKETS.index), left=found.left)


def _since(reader: Reader, instant: object) -> str:
    when = instants.read(instant)
    return "" if when is None else reader.gettext("since %(moment)s", moment=reader.moment(when))


def _lasted(reader: Reader, instant: object) -> str:
    when = instants.read(instant)
    return "" if when is None else reader.length(max(0, reader.now - when))


def _order(deadline: object, weight: int = 0) -> tuple[int, int]:
    return (instants.read(deadline) or _NEVER, -weight)


def _extent(reader: Reader, cause: Item) -> str:
    breaches, risks, agreements = cause["breaches"], cause["risks_standing"], len(cause["agreement_ids"])
    said = reader.ngettext("%(count)s breached", "%(count)s breached", breaches)
    if not breaches:
        said = reader.ngettext("%(count)s at risk", "%(count)s at risk", risks)
    if agreements < 2:
        return said
    return f"{said}, {reader.ngettext('%(count)s agreement', '%(count)s agreements', agreements)}"


def _cause(reader: Reader, directory: Directory, cause: Item) -> UrgentRow:
    is_over = cause["end_at"] is not None
    names = [directory.outcome(each) for each in cause["service_ids"]]
    subject = names[0] if len(names) == 1 else reader.gettext("%(name)s and others", name=_subject(cause, names))
    what = subject if is_over else reader.gettext("%(what)s: down", what=subject)
    companies = [directory.company(each) for each in cause["customer_party_ids"]]
    why = [
        _since(reader, cause["start_at"]),
        # One service may have several causes at once: whom or what they are about tells them apart.
        _shortened(reader, companies if len(companies) > 1 else _subjects(cause) if len(names) == 1 else ()),
    ]
    is_mine = directory.own in cause["responsible_party_ids"]
    waiting = cause["breach_states"]["open"]
    path = f"/causes/{cause['cause_id']}"
    act = RowAct(reader.gettext("Open"), path)
    if is_mine and waiting:
        label = reader.gettext("Acknowledge") if waiting == 1 else reader.gettext("Acknowledge all")
        act = RowAct(label, f"{path}/acknowledge", posts=True)
    elif is_mine and cause["urgency"] == "unexplained":
        act = RowAct(reader.gettext("Say the cause"), path)
    return UrgentRow(
        key=f"cause/{cause['cause_id']}",
        bucket=_CAUSE_BUCKETS[cause["urgency"]],
        mark="breached" if cause["breaches"] else "at-risk",
        what=what,
        path=path,
        why=" · ".join(part for part in why if part),
        left=_lasted(reader, cause["start_at"]) if not is_over else "",
        extent=_extent(reader, cause),
        act=act,
        order=(0, -cause["breaches"]),
        can_be_selected=act.posts,
        item=f"cause/{cause['cause_id']}",
    )


def _subject(cause: Item, names: Sequence[str]) -> str:
    return (_subjects(cause, "indicator", "item") or list(names) or [""])[0]


def _subjects(cause: Item, *kinds: str) -> list[str]:
    """Return the names of what a cause is about: indicators, items and tickets, or only those of the given kinds."""
    wanted = kinds or ("indicator", "item", "ticket")
    return [str(each["name"]).rpartition("/")[2] for each in cause["about"] if each["kind"] in wanted]


def _shortened(reader: Reader, names: Sequence[str]) -> str:
    """Return the first three names and how many more there are: ``Corner Shop, Harbour Savings, Elmsted … 35 more``."""
    shown = ", ".join(names[:3])
    rest = len(names) - 3
    return f"{shown} … {reader.ngettext('%(count)s more', '%(count)s more', rest)}" if rest > 0 else shown


def _breach(reader: Reader, directory: Directory, breach: Item) -> UrgentRow:
    path = f"/breaches/{breach['breach_id']}"
    is_mine = directory.own == breach["responsible_party_id"]
    act = (
        RowAct(reader.gettext("Acknowledge"), f"{path}/acknowledge", posts=True)
        if is_mine
        else RowAct(reader.gettext("Open"), path)
    )
    why = [_since(reader, breach["certain_at"]), str(breach["service_name"] or "")]
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
    )


def _titled(reader: Reader, directory: Directory, item: Item) -> str:
    """Return the title of a breach or risk: target, other company, and period or ticket.

    The company is included because several customers may have been promised the same.
    """
    title = str(item["target_title"])
    if directory.own != item["customer_party_id"] and item["customer_name"]:
        title = reader.gettext("%(title)s for %(company)s", title=title, company=item["customer_name"])
    elif directory.own == item["customer_party_id"] and item["provider_name"]:
        title = reader.gettext("%(title)s, by %(company)s", title=title, company=item["provider_name"])
    if item.get("ticket"):
        return f"{item['ticket']['number']} {title}"
    return f"{title}, {period_name(reader, item['window_id'])}"


def _outages(reader: Reader, summary: Item, causes: Sequence[Item]) -> Iterator[UrgentRow]:
    """Yield a row for each indicator that is down, without those that a cause or a breach already shows."""
    explained = {str(each["name"]) for cause in causes for each in cause["about"] if cause["end_at"] is None}
    breached = {each["service_id"] for each in summary["breaches"] if each["is_down"]}
    seen: set[tuple[str, str]] = set()
    for down in summary["down"]:
        indicator = down["indicator"]
        place = (str(indicator["owner_party_id"]), str(indicator["key"]))
        if "/".join(place) in explained or down["service_id"] in breached or place in seen:
            continue
        seen.add(place)
        companies = [str(each["customer_name"]) for each in down["affected"] if each["customer_name"]]
        why = [_since(reader, down["since_at"]), _shortened(reader, list(dict.fromkeys(companies)))]
        yield UrgentRow(
            key=f"down/{'/'.join(place)}",
            bucket="now",
            mark="breached",
            what=reader.gettext("%(what)s: down", what=down["service_name"] or indicator["key"]),
            path=f"/services/{down['service_id']}",
            why=" · ".join(part for part in why if part),
            left=_lasted(reader, down["since_at"]),
            extent=reader.ngettext("%(count)s agreement", "%(count)s agreements", down["agreements"]),
            act=RowAct(reader.gettext("Open service"), f"/services/{down['service_id']}"),
            order=(0, -down["agreements"]),
        )


def _ticket(reader: Reader, clock: Item) -> UrgentRow:
    path = f"/tickets/{clock['source']}/{clock['number']}"
    holder = clock["held_by"]
    why = [
        reader.gettext("held by %(name)s", name=holder) if holder else reader.gettext("held by nobody"),
        clock["agreement_title"] or "",
    ]
    return UrgentRow(
        key=f"ticket/{clock['source']}/{clock['number']}/{clock['clock']}",
        bucket=clock["urgency"],
        mark="at-risk",
        what=f"{clock['number']} {clock['service_name'] or ''}".strip(),
        path=path,
        why=" · ".join(part for part in why if part),
        left=reader.gettext("%(length)s left", length=reader.length(clock["time_left_seconds"] * SECOND)),
        extent=str(clock["priority"] or ""),
        act=RowAct(reader.gettext("Open ticket"), path),
        order=_order(clock["deadline_at"]),
    )


def _risk(reader: Reader, directory: Directory, risk: Item) -> UrgentRow:
    path = f"/targets/{risk['target_id']}"
    owner = str((risk["responsible"] or {}).get("owner") or "")
    why = [pace_in_words(reader, None, risk["projected_breach_at"]), owner]
    left = ""
    if risk["budget_left_seconds"] is not None:
        length = reader.length(abs(risk["budget_left_seconds"]) * SECOND)
        left = reader.gettext("%(length)s left", length=length)
        if risk["budget_left_seconds"] < 0:
            left = reader.gettext("%(amount)s over", amount=length)
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
        extent=reader.gettext("at risk"),
        act=RowAct(label, path),
        order=_order(risk["deadline_at"]),
        explain=f"{path}/worked-out?period={risk['window_id']}",
        item=f"risk/{risk['risk_id']}",
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
        order=_order(exclusion["deadline_at"]),
    )


def _silent(reader: Reader, directory: Directory, stale: Item) -> UrgentRow:
    since = instants.read(stale["since_at"])
    moment = reader.moment(since) if since is not None else ""
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
        left=reader.length(stale["seconds"] * SECOND),
        extent="",
        act=RowAct(reader.gettext("Open service"), path),
        order=(_NEVER, -stale["seconds"]),
    )


def _path_of(need: Item) -> str:
    """Return the path of the page on which the reader does the act that an agreement needs.

    This is the page of ending it, of an amendment's version, or of the agreement.
    """
    path = f"/agreements/{need['agreement_id']}"
    if need["about"] == "termination_request":
        return f"{path}/end"
    return f"{path}?version={need['version']}" if need.get("version", 1) > 1 else path


def need_key(need: Item) -> str:
    """Return the key of the row for an act that an agreement needs."""
    return f"agreement/{need['agreement_id']}/{need['need']}/{need['about']}"


def _need(reader: Reader, need: Item) -> UrgentRow:
    """Return the row for an act that an agreement needs from the reader's company."""
    path = _path_of(need)
    deadline = instants.read(need["deadline"])
    other = need["other_party_name"]
    texts = {
        "answer": (reader.gettext("Answer"), reader.gettext("%(other)s waits for your answer", other=other)),
        "signature": (
            reader.gettext("Read and sign"),
            reader.gettext("agreed with %(other)s, not signed", other=other),
        ),
        "decision": (reader.gettext("Decide"), reader.gettext("%(other)s waits for your decision", other=other)),
    }
    if need["about"] == "drafted_amendment":
        drafted = reader.gettext("new targets are drafted after months of good figures: propose or withdraw them")
        texts["decision"] = (reader.gettext("Read draft"), drafted)
    verb, why = texts.get(need["need"], (reader.gettext("Open"), other))
    return UrgentRow(
        key=need_key(need),
        bucket="this_week" if deadline is None or deadline - reader.now > DAY else "today",
        mark="on-track",
        what=str(need["title"]),
        path=path,
        why=why,
        left=reader.gettext("by %(moment)s", moment=reader.moment(deadline)) if deadline is not None else "",
        extent=str(need["service_name"]),
        act=RowAct(verb if need["yours"] else reader.gettext("Open"), path),
        order=_order(need["deadline"]),
    )
