"""The terminal output of the demonstration: a line for each stage, then addresses and keys, then events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from slm.demo.stream import StreamedEvent
from slm.event_names import event_names
from slm_chassis.clock import Clock
from slm_events import wording
from slm_events.instants import to_text

_STAGE_WIDTH = 10
_NAMES = event_names()
_STYLES = {"TargetBreached": "red", "TargetAtRisk": "yellow"}


@dataclass
class StageLine:
    """The text of a stage's line. The stage sets it."""

    text: str = ""


class Terminal:
    """Writes the demonstration's lines to a console. ``stage`` is the name of the present stage."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._started = time.monotonic()
        self._shows_events = False
        self.stage = "start"
        self.is_played = False

    @property
    def seconds(self) -> float:
        """Real seconds since this object was created."""
        return time.monotonic() - self._started

    @contextmanager
    def stage_line(self, stage: str) -> Iterator[StageLine]:
        """Run a stage in a ``with`` block and print its line at the end. If it fails, ``failed`` prints the reason."""
        self.stage = stage
        line = StageLine()
        if self._console.is_terminal:
            with self._console.status(f"{stage} …"):
                yield line
        else:
            yield line
        self._say("✓", "green", stage, line.text)

    def stage_done(self, stage: str, text: str) -> None:
        """Print the line of a stage that has ended."""
        self.stage = stage
        self._say("✓", "green", stage, text)

    def failed(self, reason: str) -> None:
        """Print why the current stage failed."""
        self._say("✗", "bold red", self.stage, reason)

    def note(self, text: str = "") -> None:
        """Print a text as it is."""
        self._console.print(Text(text), soft_wrap=True)

    def named(self, name: str, text: str) -> None:
        """Print a name and its value, as an item of a list."""
        self._console.print(Text.assemble((f"  {name:<26}", "bold"), text), soft_wrap=True)

    def show_events(self) -> None:
        """Print every event from now on."""
        self._shows_events = True

    def show_event(self, event: StreamedEvent) -> None:
        """Print an event's line, if events are shown."""
        if not self._shows_events:
            return
        data = event.data
        about = data.get("target_title") or data.get("target_key") or data.get("title") or ""
        style = _STYLES.get(event.name, "green")
        words = Text.assemble(
            (f"{self._time()}  ", "dim"),
            (f"{_NAMES.get(event.name, event.name):<24}", style),
            f"{about}  {_detail(data)}",
        )
        self._console.print(words, soft_wrap=True)

    def _say(self, mark: str, style: str, stage: str, text: str) -> None:
        when = f"{self._time()} {self.seconds:6.1f} s  "
        self._console.print(
            Text.assemble((when, "dim"), (f"{mark} ", style), (f"{stage:<{_STAGE_WIDTH}}", "bold"), text),
            soft_wrap=True,
        )

    def _time(self) -> str:
        return to_text(self._clock.now())[11:19]


def figure_text(data: Mapping[str, Any]) -> str:
    """Return the figure of an event as text with its unit: ``85.7143 %``."""
    unit = (data.get("objective") or {}).get("unit", "")
    return f"{data['figure_display']} {'%' if unit == 'percent' else unit}".rstrip()


def _detail(data: Mapping[str, Any]) -> str:
    ticket = data.get("ticket")
    if ticket:
        return str(ticket["number"] if isinstance(ticket, Mapping) else ticket)
    parts = (
        [wording.warning_in_words(data["cause"], data["threshold"])]
        if data.get("cause") and data.get("threshold")
        else []
    )
    parts.append(figure_text(data) if data.get("figure_display") else str(data.get("outcome") or "").replace("_", " "))
    return ", ".join(part for part in parts if part)
