"""The line of ``slm watch`` for each kind of event: time, state, service, promise, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm.reading.names import SHORT, Names
from slm.reading.screen import SIGNS
from slm_console.views.instants import read
from slm_console.views.judgement.figures import exact, figure_in_words
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader
from slm_events import wording

Data = Mapping[str, Any]
_MARKS = {
    "TargetAtRisk": "at-risk",
    "RiskDisclosed": "at-risk",
    "RiskCleared": "on-track",
    "TargetBreached": "breached",
    "BreachRevised": "breached",
    "TargetRecovered": "on-track",
    "BreachWithdrawn": "withdrawn",
}


def line_of(reader: Reader, names: Names, event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the state mark of an event and its line."""
    data = event["data"]
    mark = _mark(event["name"], data)
    published = read(data.get("published_at")) or reader.now
    service, title = names.directory.service(data["service_id"]), str(data["target_title"])
    ticket = data.get("ticket")
    number = f" {ticket['number']}" if isinstance(ticket, Mapping) else ""
    thing = data.get("breach_id") or data.get("risk_id") or ""
    past = _past(reader, data)
    what = f"{title}{number}: {_what(reader, event['name'], data)}{past}"
    when = f"{reader.local(published):%Y-%m-%d %H:%M:%S}"
    return mark, "  ".join(
        [when, f"{SIGNS[mark]} {_state(reader, event['name'], data):<11}", service, what, thing[-SHORT:]]
    )


def _mark(name: str, data: Data) -> str:
    if name == "RiskCleared" and data["outcome"] == "breached":
        return "breached"
    return _MARKS[name]


def _state(reader: Reader, name: str, data: Data) -> str:
    if name == "RiskCleared" and data["outcome"] == "breached":
        return reader.gettext("breached")
    return {
        "TargetAtRisk": reader.gettext("at risk"),
        "RiskDisclosed": reader.gettext("at risk"),
        "RiskCleared": reader.gettext("on track"),
        "TargetBreached": reader.gettext("breached"),
        "BreachRevised": reader.gettext("corrected"),
        "TargetRecovered": reader.gettext("on track"),
        "BreachWithdrawn": reader.gettext("withdrawn"),
    }[name]


def _what(reader: Reader, name: str, data: Data) -> str:
    if name in ("TargetAtRisk", "RiskDisclosed"):
        return _risk(reader, data)
    if name == "RiskCleared":
        return {
            "averted": reader.gettext("no longer at risk"),
            "breached": reader.gettext("the risk became a breach"),
            "window_closed": reader.gettext("the period has ended"),
        }.get(data["outcome"], str(data["outcome"]))
    if name == "BreachWithdrawn":
        return reader.gettext("the breach did not happen")
    if name == "TargetRecovered":
        recovered = read(data["recovered_at"]) or reader.now
        return reader.gettext("kept again since %(moment)s", moment=reader.moment(recovered))
    return _breach(reader, data)


def _breach(reader: Reader, data: Data) -> str:
    certain = read(data["certain_at"]) or reader.now
    broken = reader.gettext("promise broken %(moment)s", moment=reader.moment(certain))
    promised = objective_in_words(reader, data["objective"])
    figure = exact(data.get("figure"))
    shown = f"{figure_in_words(reader, figure, data['objective'])}, " if figure is not None else ""
    if data["level"] != "objective":
        broken = reader.gettext("%(broken)s, beyond what is acceptable", broken=broken)
    return reader.gettext("%(figure)spromised %(promised)s, %(broken)s", figure=shown, promised=promised, broken=broken)


def _risk(reader: Reader, data: Data) -> str:
    why = wording.warning_in_words(data["cause"], data["threshold"]).replace("the budget", "what is allowed")
    projected = read(data.get("projected_breach_at"))
    if projected is None or projected <= reader.now:
        return why
    moment = reader.moment(projected)
    if data["cause"] == "elapsed":
        return reader.gettext("%(why)s, due %(moment)s", why=why, moment=moment)
    return reader.gettext("%(why)s, used up by %(moment)s", why=why, moment=moment)


def _past(reader: Reader, data: Data) -> str:
    """Return a note that an event is about imported history or about time before the signing; empty if neither."""
    if data.get("import_id"):
        return reader.gettext(" (imported history)")
    return reader.gettext(" (before signing)") if data.get("catch_up") is not None else ""
