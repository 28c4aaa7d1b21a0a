"""Effect of excluding time on figures: each figure before and after, and targets for which the effect is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views import instants
from slm_console.views.judgement.figures import exact, figure_in_words, period_name
from slm_console.views.marks import mark_of
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EffectLine:
    """A figure that would change. ``amount`` says by how much, in words; empty if the error budget is not an amount of
    time. ``promised`` is the objective in words, empty if it is not known.
    """

    target_id: str
    title: str
    period: str
    before: str
    before_mark: str
    """The state mark; empty for a period that is not over and not breached, because warnings are not worked out."""
    after: str
    after_mark: str
    amount: str
    promised: str = ""


@dataclass(frozen=True)
class Effects:
    """Effect of a request to exclude time. ``unchanged`` are the titles of targets whose figures do not change."""

    lines: Sequence[EffectLine] = ()
    unchanged: Sequence[str] = ()
    untold: Sequence[tuple[str, str]] = ()
    """Target and period for which the effect is not given, each with the reason."""
    not_excluded: Sequence[tuple[str, str]] = ()
    """Parts of the requested time that are not excluded, each with the reason."""
    is_shown: bool = True
    """Whether the reader may see the figures of the agreement."""

    @property
    def is_nothing(self) -> bool:
        """Whether it is certain that no figure changes."""
        return self.is_shown and not (self.lines or self.untold)


@dataclass(frozen=True, slots=True)
class ConcernedTarget:
    """A target whose figures a request to exclude time may change, with its present figure."""

    target_id: str
    title: str
    figure: str
    promised: str


def concerned_targets(reader: Reader, exclusion: Answer, targets: Sequence[Answer]) -> list[ConcernedTarget]:
    """Return the targets whose figures a request to exclude time may change, for links from the request's page.

    ``targets`` are all targets of the agreement. A request may name targets or services; if it names neither, it
    concerns all targets. Targets of tickets are left out, because they have no figure of a period. For a request that
    names indicators, the result is empty.
    """
    named = set(exclusion["targets"])
    if exclusion["indicators"]:
        # Only monitor-svc knows which targets are computed from an indicator, directly or by way of other targets.
        return []
    return [
        ConcernedTarget(
            str(each["target_id"]),
            str(each["title"]),
            figure_in_words(reader, exact(each["window"]["figure"]), each["terms"]["objective"]),
            objective_in_words(reader, each["terms"]["objective"]),
        )
        for each in targets
        if each.get("window")
        and not each.get("tickets")
        and (not named or not named.isdisjoint((each["target_id"], each["key"])))
        and (not exclusion["services"] or each["service_id"] in exclusion["services"])
    ]


def effects_of(reader: Reader, effect: Answer | None, targets: Sequence[Answer] = ()) -> Effects | None:
    """Return the effect that the API computed; None if the API did not answer, because the service is away.

    ``targets`` are the targets of the agreement. Their objectives give the unit of each figure and are shown beside it.
    """
    if effect is None:
        return None
    objectives = {str(each["target_id"]): each["terms"]["objective"] for each in targets}
    changed = [each for each in effect["windows"] if each["changes"]]
    moved = {each["target_id"] for each in changed}
    stay = dict.fromkeys(str(each["target_title"]) for each in effect["windows"] if each["target_id"] not in moved)
    return Effects(
        lines=[_changed_figure(reader, each, objectives.get(str(each["target_id"]))) for each in changed],
        unchanged=list(stay),
        untold=list(_untold(reader, effect["untold"])),
        not_excluded=[(_span(reader, each), _cause(reader, each)) for each in effect["uncounted"]],
        is_shown=bool(effect["shown"]),
    )


def _changed_figure(reader: Reader, window: Answer, objective: Answer | None) -> EffectLine:
    before, after = window["before"], window["after"]
    is_rolling = str(window["window_id"]).startswith("P")
    is_open = is_rolling or (instants.read(window["to"]) or 0) > reader.now
    period = period_name(reader, window["window_id"])
    return EffectLine(
        target_id=window["target_id"],
        title=str(window["target_title"]),
        period=reader.gettext("%(period)s so far", period=period) if is_open and not is_rolling else period,
        before=_figure(reader, before, objective),
        before_mark=_mark(before["verdict"], is_open=is_open),
        after=_figure(reader, after, objective),
        after_mark=_mark(after["verdict"], is_open=is_open),
        amount=_amount(reader, before["budget"], after["budget"]),
        promised=objective_in_words(reader, objective) if objective else "",
    )


def _figure(reader: Reader, window: Answer, objective: Answer | None) -> str:
    if objective is None or not window["figure"]:
        return str(window["figure_display"])
    return figure_in_words(reader, exact(window["figure"]), objective)


def _mark(verdict: str | None, *, is_open: bool) -> str:
    found = mark_of(verdict, is_open=is_open)
    return "" if found == "on-track" else found


def _amount(reader: Reader, before: Answer | None, after: Answer | None) -> str:
    """Return in words how much downtime no longer counts, or counts again; empty if the budget is not an amount of
    time.
    """
    if before is None or after is None or before["unit"] != "microseconds":
        return ""
    moved = (exact(before["consumed"]) or Fraction(0)) - (exact(after["consumed"]) or Fraction(0))
    if moved > 0:
        return reader.gettext("%(length)s of downtime no longer counts", length=reader.length(moved))
    if moved < 0:
        return reader.gettext("%(length)s of downtime counts again", length=reader.length(-moved))
    return reader.gettext("only the allowance changes")


def _untold(reader: Reader, windows: Sequence[Answer]) -> Iterator[tuple[str, str]]:
    reasons = {
        "accepted": reader.gettext("both sides accepted it; the difference goes into a later period"),
        "not_kept": reader.gettext("its facts are no longer kept"),
        "not_evaluable": reader.gettext("it cannot be judged"),
        "shown_at_close": reader.gettext("your company is shown its figures when the period ends"),
        "too_many": reader.gettext("more periods than are worked out at once"),
    }
    for each in windows:
        yield f"{each['target_title']}, {period_name(reader, each['window_id'])}", reasons.get(each["cause"], "")


def _span(reader: Reader, interval: Answer) -> str:
    start, end = instants.read(interval["from"]), instants.read(interval["to"])
    return reader.span(start or 0, end or 0)


def _cause(reader: Reader, interval: Answer) -> str:
    known = {
        "announced_late": reader.gettext("it counts all the same: it was announced too late"),
        "past_cap": reader.gettext("it counts all the same: the agreed amount of maintenance is used up"),
    }
    return known.get(interval["cause"], str(interval["detail"]))
