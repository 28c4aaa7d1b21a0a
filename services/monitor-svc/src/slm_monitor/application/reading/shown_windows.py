"""Windows as the customer may see them, if the term ``customer_sees`` hides warnings or figures of open windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_events.instants import UtcMicroseconds, from_text
from slm_monitor.domain.terms.customer_view import CustomerView

_FORECASTS = ("exhausted_at", "projected_at")
_NO_FIGURE: dict[str, Any] = {
    "figure": None,
    "figure_display": "–",
    "good": 0,
    "total": 0,
    "detail": {},
    "budget": None,
}
AT_CLOSE = "its figures are shown when the window closes"


def hide_warnings(window: dict[str, Any], view: CustomerView, *, is_disclosed: bool) -> dict[str, Any]:
    """Return a window without its warnings: `at_risk` becomes `met`, and the projected breach is removed.

    The window is returned unchanged if the agreement shows warnings at once, or if one of the window's warnings is
    already shown to the customer (``is_disclosed``).
    """
    if view.risks_after == 0 or is_disclosed:
        return window
    shown = {**window, "verdict": "met" if window["verdict"] == "at_risk" else window["verdict"]}
    if shown.get("detail"):
        shown["detail"] = {name: None if name in _FORECASTS else value for name, value in shown["detail"].items()}
    if shown.get("time_left"):
        shown["time_left"] = {**shown["time_left"], "projected_breach_at": None, "projected_breach_seconds": None}
    return shown


def hide_live_figure(window: dict[str, Any], view: CustomerView, *, is_closed: bool) -> dict[str, Any]:
    """Return an open window without its figure if the customer sees figures only at the close.
    A breach stays visible.
    """
    if view.live_figure or is_closed:
        return window
    hidden = {name: value for name, value in _NO_FIGURE.items() if name in window}
    return hide_warnings({**window, **hidden}, CustomerView(), is_disclosed=False)


def build_shown_figure(figure: Mapping[str, Any], view: CustomerView, *, is_disclosed: bool) -> dict[str, Any]:
    """Return a current figure with only the fields that the customer may see.

    ``is_disclosed``: whether the customer is already shown a warning about this window.
    """
    shown = hide_warnings(dict(figure), view, is_disclosed=is_disclosed)
    if view.live_figure or figure["closed"]:
        return shown
    named = (
        "target_id",
        "target_key",
        "agreement_version",
        "window_id",
        "window_start_at",
        "window_end_at",
        "aggregation",
        "objective",
        "closed",
    )
    head = {name: figure[name] for name in named}
    verdict = figure["verdict"] if figure["verdict"] == "breached" else None
    return {**head, "verdict": verdict, "figure": None, "figure_display": "–", "reason": AT_CLOSE}


def is_risk_shown(risk: Mapping[str, Any], view: CustomerView, now: UtcMicroseconds) -> bool:
    """Return whether the customer may see a warning, given as a document of the API."""
    cleared_at = risk["cleared_at"]
    until = now if cleared_at is None else min(now, from_text(cleared_at))
    return view.shows_risk(from_text(risk["opened_at"]), until)
