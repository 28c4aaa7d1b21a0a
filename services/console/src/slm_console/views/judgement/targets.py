"""View model of a target's page: downtime, error budget chart, outages, the last twelve periods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.explained.facts import Fact, facts_of
from slm_console.views.explained.sums import exact_hours, hours_in_words
from slm_console.views.judgement.allowances import (
    Allowance,
    allowance_of,
    budget_of,
    counts_slow_answers,
    pace_of,
)
from slm_console.views.judgement.charts import StepChart, chart_of
from slm_console.views.judgement.figures import beside_figure, exact, explain_path, figure_in_words, period_name, so_far
from slm_console.views.marks import mark_of
from slm_console.views.promises import sentence
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A row for one of the last twelve periods."""

    period_id: str
    period: str
    mark: str
    figure: str
    lost: str
    lost_exact: str
    """The downtime to the microsecond, if ``lost`` is rounded; else empty."""
    note: str
    explain: str
    """Path of the page that shows how the period's figure is worked out."""


@dataclass(frozen=True, slots=True)
class TargetPage:
    """A target, as its page shows it."""

    target_id: str
    title: str
    promise: str
    agreement_id: str
    service_id: str
    service: str
    other: str
    mark: str
    period_id: str
    period: str
    headline: str
    """Most important value: downtime, number of errors, or the figure if neither is measured."""
    headline_exact: str
    """The downtime to the microsecond, if the headline is rounded; else empty."""
    figure: str
    so_far: str
    """``so far`` if the period is not over; else empty."""
    beside: str
    """What qualifies the figure, such as ``so far, only 12.4 % known``; else empty."""
    explain: str
    """Path of the page that shows how the figure is worked out, as of the instant of this page's figures."""
    allowance: Allowance | None
    pace: str
    owner: str
    plan: Sequence[Mapping[str, str]]
    periods: Sequence[PeriodRow]
    outages: Sequence[Fact]
    chart: StepChart | None
    problem: str
    """Why the target is not evaluated now, empty if it is."""


def target_page_of(
    reader: Reader,
    directory: Directory,
    target: Answer,
    windows: Sequence[Answer],
    explanation: Answer | None,
    points: Sequence[Answer],
) -> TargetPage:
    """Return the view model of a target's page. ``points`` are the values for the chart of the present period."""
    terms, window = target["terms"], target["window"]
    objective = terms["objective"]
    figure = exact(window["figure"]) if window else None
    shown = figure_in_words(reader, figure, objective)
    detail = window["detail"] if window else {}
    responsible = terms.get("responsible") or {}
    mark = mark_of(window["verdict"], is_open=True) if window else "no-data"
    allowance = allowance_of(reader, budget_of(terms, window), mark)
    other = target["customer_party_id"] if directory.own == target["provider_party_id"] else target["provider_party_id"]
    return TargetPage(
        target_id=target["target_id"],
        title=target["title"],
        promise=sentence(reader, {**terms, "indicator": target.get("indicator")}),
        agreement_id=target["agreement_id"],
        service_id=target["service_id"],
        service=directory.outcome(target["service_id"]),
        other=directory.company(other),
        mark=mark,
        period_id=window["window_id"] if window else "",
        period=period_name(reader, window["window_id"]) if window else "",
        headline=_headline(reader, terms, detail, shown),
        headline_exact=exact_hours(reader, int(detail.get("down") or 0)),
        figure=shown,
        so_far=so_far(reader, window),
        beside=beside_figure(reader, window),
        explain=explain_path(target["target_id"], window),
        allowance=allowance,
        pace=pace_of(reader, window),
        owner=str(responsible.get("owner") or ""),
        plan=tuple(responsible.get("plan") or ()),
        periods=[_period(reader, target, each) for each in _as_of_one_instant(window, windows)],
        outages=[fact for fact in facts_of(reader, explanation) if fact.mark != "met"][::-1] if explanation else [],
        chart=None if allowance and not allowance.left else chart_of(reader, target, points, _zone(explanation)),
        problem=_problem(reader, target),
    )


def _zone(explanation: Answer | None) -> str:
    """Return the name of the agreement's time zone, empty if there is no explanation."""
    return str(explanation["window"]["timezone"]) if explanation else ""


def _headline(reader: Reader, terms: Answer, detail: Answer, figure: str) -> str:
    if "down" in detail:
        if not detail["down"]:
            return reader.gettext("not down")
        return reader.gettext("%(length)s down", length=hours_in_words(reader, int(detail["down"])))
    if "bad" in detail and counts_slow_answers(terms):
        return reader.ngettext("%(count)s slow answer", "%(count)s slow answers", int(detail["bad"]))
    if "bad" in detail:
        return reader.ngettext("%(count)s error", "%(count)s errors", int(detail["bad"]))
    return figure


def _as_of_one_instant(present: Answer | None, windows: Sequence[Answer]) -> list[Answer]:
    """Return the windows; the open window gets the figures of ``present``, which the top of the page shows.

    Without this, the page could show two figures of one window: the windows and ``present`` come from two answers of
    the API, which it may have computed at different instants. If ``present`` is None or closed, the windows are
    returned unchanged.
    """
    if not present or present["closed_at"] is not None:
        return list(windows)
    own = {name: present[name] for name in ("figure", "verdict", "detail", "as_of") if name in present}
    return [
        {**each, **own} if each["window_id"] == present["window_id"] and each["closed_at"] is None else each
        for each in windows
    ]


def _period(reader: Reader, target: Answer, window: Answer) -> PeriodRow:
    is_open = window["closed_at"] is None
    down = window["detail"].get("down")
    notes = []
    if window.get("revision"):
        changed = instants.read((window.get("revisions") or [{}])[-1].get("published_at"))
        moment = reader.day(changed) if changed is not None else ""
        notes.append(reader.gettext("corrected on %(day)s", day=moment))
    if window.get("accepted"):
        notes.append(reader.gettext("accepted by both sides"))
    if window["detail"].get("no_data_reason") == "insufficient_coverage":
        notes.append(reader.gettext("too little is known for a verdict"))
    notes += [text for text in (beside_figure(reader, window),) if text]
    return PeriodRow(
        period_id=window["window_id"],
        period=period_name(reader, window["window_id"]),
        mark=mark_of(window["verdict"], is_open=is_open),
        figure=figure_in_words(reader, exact(window["figure"]), target["terms"]["objective"]),
        lost=hours_in_words(reader, int(down)) if down else "",
        lost_exact=exact_hours(reader, int(down or 0)),
        note=", ".join(notes),
        explain=explain_path(target["target_id"], window),
    )


def _problem(reader: Reader, target: Answer) -> str:
    if target.get("unjudgeable"):
        return str(target["unjudgeable"]["reason"])
    if target.get("no_data"):
        since = instants.read(target["no_data"]["since_at"])
        if target["no_data"]["never_measured"] or since is None:
            return reader.gettext("Nothing was measured yet.")
        return reader.gettext("No measurements since %(moment)s.", moment=reader.moment(since))
    return ""
