"""How an availability is worked out: service time, excluded time, time without data, downtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slm_console.views.explained.sums import Line, Sum, exact_hours, hours_in_words, whole_seconds
from slm_console.views.promises import short_outages_in_words
from slm_console.views.reader import Reader


def sum_of(reader: Reader, explanation: Mapping[str, Any], period: str, figure: str, is_open: bool) -> Sum:
    """Return how an availability is worked out, in sentences and as a sum. ``figure`` is the figure in words."""
    sums = explanation["derivation"]["sums"]
    up, down = int(sums.get("up", 0)), int(sums.get("down", 0))
    excluded, unknown = int(sums.get("excluded", 0)), int(sums.get("unknown", 0))
    parts = _rounded(int(sums["service_time"]) + excluded, excluded, unknown, down, up)
    whole, counted, ahead = parts.whole, parts.counted, parts.ahead

    def said(length: int) -> str:
        return hours_in_words(reader, length)

    def line(label: str, length: int, exact: int, sign: str = "", mark: str = "") -> Line:
        return Line(label, said(length), sign, mark, exact_hours(reader, exact))

    sentences = [reader.gettext("%(period)s has %(whole)s of service time.", period=period, whole=said(whole))]
    if excluded:
        reasons = reader.names(list(_reasons(reader, explanation)))
        sentences.append(
            reader.gettext(
                "%(length)s of it does not count: %(reasons)s.", length=said(parts.excluded), reasons=reasons
            )
        )
    if unknown:
        sentences.append(reader.gettext("For %(length)s there is no data.", length=said(parts.unknown)))
    if is_open:
        sentences.append(
            reader.gettext("Of %(counted)s so far it was down %(down)s.", counted=said(counted), down=said(parts.down))
        )
    else:
        sentences.append(
            reader.gettext("Of %(counted)s it was down %(down)s.", counted=said(counted), down=said(parts.down))
        )
    if ignored := int(sums.get("ignored", 0)):
        sentences.append(
            reader.gettext(
                "%(length)s of downtime counts as up: %(ignored)s.",
                length=said(whole_seconds(ignored)),
                ignored=short_outages_in_words(reader, explanation["terms"]),
            )
        )
    sentences.append(reader.gettext("That is %(figure)s.", figure=figure))
    lines = [Line(reader.gettext("Service time of %(period)s", period=period), said(whole))]
    if excluded:
        lines.append(line(reader.gettext("time that does not count"), parts.excluded, excluded, "−", "not-counted"))
    if unknown:
        lines.append(line(reader.gettext("no data"), parts.unknown, unknown, "−", "no-data"))
    if ahead > 0:
        lines.append(Line(reader.gettext("still to come"), said(ahead), "−"))
    lines += [
        line(reader.gettext("time that counts"), counted, up + down, "="),
        line(reader.gettext("down"), parts.down, down, "−", "breached" if down else ""),
        line(reader.gettext("up"), parts.up, up, "="),
        Line(reader.gettext("up ÷ time that counts"), figure, "="),
    ]
    return Sum(sentences, lines)


@dataclass(frozen=True, slots=True)
class _RoundedParts:
    """The lengths of time in a sum, in microseconds; each is rounded to whole seconds, and they still add up."""

    whole: int
    excluded: int
    unknown: int
    ahead: int
    counted: int
    down: int
    up: int


def _rounded(whole: int, excluded: int, unknown: int, down: int, up: int) -> _RoundedParts:
    """Round the parts of the service time to whole seconds so that they still add up; all values are in microseconds.

    The parts alone may add up to a second more or less than the whole. While the period lasts, this difference is
    put into the time still to come; after the period's end, it is put into the uptime.
    """
    all_of_it, lost = whole_seconds(whole), whole_seconds(down)
    left_out, unseen = whole_seconds(excluded), whole_seconds(unknown)
    has_ended = whole == excluded + unknown + down + up
    counted = all_of_it - left_out - unseen if has_ended else whole_seconds(down + up)
    ahead = all_of_it - left_out - unseen - counted
    return _RoundedParts(all_of_it, left_out, unseen, ahead, counted, lost, counted - lost)


def _reasons(reader: Reader, explanation: Mapping[str, Any]) -> Iterator[str]:
    """Yield the name of each kind of excluded time once, in the explanation's order."""
    names = kinds_in_words(reader)
    for kind in dict.fromkeys(each["kind"] for each in explanation["exclusions"] if each["counted"]):
        yield names.get(kind, kind)


def kinds_in_words(reader: Reader) -> Mapping[str, str]:
    """Return kind of exclusion → reason in words, such as ``announced maintenance``."""
    return {
        "planned": reader.gettext("announced maintenance"),
        "force_majeure": reader.gettext("force majeure"),
        "customer_caused": reader.gettext("caused by the customer"),
        "claim": reader.gettext("approved claim"),
    }
