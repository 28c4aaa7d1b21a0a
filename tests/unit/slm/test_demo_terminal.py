"""The lines of the demonstration for events."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from slm.demo.stream import StreamedEvent
from slm.demo.terminal import Terminal
from slm_chassis.clock import SystemClock


def line_of(name: str, data: dict[str, Any]) -> str:
    written = io.StringIO()
    terminal = Terminal(Console(file=written, width=200, color_system=None), SystemClock())
    terminal.show_events()
    terminal.show_event(StreamedEvent(name, data))
    return written.getvalue().partition("  ")[2].strip()


@pytest.mark.parametrize(
    ("cause", "threshold", "told"),
    [
        ("budget_consumed", "50", "50 % of the budget used, averted"),
        ("burn_rate", "PT1H/PT5M@14.4", "budget burning more than 14.4 times too fast over 1 h and 5 min, averted"),
    ],
)
def test_a_risk_that_cleared_names_its_cause(cause: str, threshold: str, told: str) -> None:
    data = {"target_title": "Availability", "cause": cause, "threshold": threshold, "outcome": "averted"}
    assert line_of("RiskCleared", data).split(maxsplit=3)[2:] == ["Availability", told]


def test_a_target_at_risk_names_cause_and_figure() -> None:
    data = {
        "target_title": "Availability",
        "cause": "budget_consumed",
        "threshold": "50",
        "figure_display": "99.95",
        "objective": {"at_least": "99.9", "unit": "percent"},
    }
    assert line_of("TargetAtRisk", data).endswith("Availability  50 % of the budget used, 99.95 %")
