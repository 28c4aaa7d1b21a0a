"""The term ``customer_sees``: which risks, figures of open windows and action plans the customer is shown, and when.

Breaches, figures of closed windows, corrections and exclusions are not part of this term: both parties always see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.terms.reading import FieldReader

NAME = "customer_sees"
RISKS = ("at_once", "at_breach", "never")
LIVE_FIGURE = ("yes", "at_close")
PLANS = ("none", "titles", "full")
DEFAULT: Mapping[str, Any] = MappingProxyType({"risks": "at_breach", "live_figure": "yes", "plans": "none"})
_SECOND = 1_000_000
_LONGEST_DELAY = 90 * 86_400 * _SECOND


def resolve_customer_sees(reader: FieldReader, template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read ``{"risks", "live_figure", "plans"}``. A missing field is taken from the template, else from the default."""
    usual = {**DEFAULT, **(template or {})}
    view = FieldReader(reader.raw(NAME, {}), NAME, reader.findings)
    live = view.raw("live_figure", usual["live_figure"])
    # YAML reads a plain yes as true.
    live = "yes" if live is True else live
    if live not in LIVE_FIGURE:
        view.fault("live_figure", live, f"write one of: {', '.join(LIVE_FIGURE)}")
    resolved = {
        "risks": _risks(view, usual["risks"]),
        "live_figure": live,
        "plans": view.choice("plans", PLANS, usual["plans"]),
    }
    view.done()
    return resolved


def _risks(view: FieldReader, usual: Any) -> Any:
    raw = view.raw("risks", usual)
    if isinstance(raw, Mapping):
        delayed = FieldReader(raw, view.at("risks"), view.findings)
        after = delayed.raw("after")
        length = target_windows.parse_duration(after)
        if length is None or not 0 < length <= _LONGEST_DELAY or length % _SECOND:
            delayed.fault("after", after, "write an ISO 8601 duration of whole seconds up to P90D, like PT30M")
        delayed.done()
        return {"after": after}
    if raw not in RISKS:
        view.fault("risks", raw, f'write one of: {", ".join(RISKS)}, or {{"after": "PT30M"}}')
    return raw
