"""A journey of one person through the console, with what it costs them: screens, clicks, typing, waiting, time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from playwright.async_api import Locator, Page, expect

CLICK_SECONDS = 1.1
CHARACTER_SECONDS = 0.28
DECISION_SECONDS = 1.35

LONGEST_WAIT_SECONDS = 1.0
ALL_WAITS_SECONDS = 5.0

_HEAD = ("journey", "screens", "clicks", "fields", "characters", "waiting", "longest", "human time")


class Wait(NamedTuple):
    """The seconds until an expected text was on the screen."""

    text: str
    seconds: float


@dataclass
class Cost:
    """What a journey took."""

    name: str
    screens: int = 0
    clicks: int = 0
    fields: int = 0
    characters: int = 0
    decisions: int = 0
    waits: list[Wait] = field(default_factory=list)

    @property
    def human_seconds(self) -> float:
        """Estimated time of the person's own acts: a decision for each screen, click and field."""
        acts = self.clicks * CLICK_SECONDS + self.characters * CHARACTER_SECONDS
        return acts + self.decisions * DECISION_SECONDS

    @property
    def waiting_seconds(self) -> float:
        return sum(wait.seconds for wait in self.waits)

    @property
    def longest_wait_seconds(self) -> float:
        return max((wait.seconds for wait in self.waits), default=0.0)

    def row(self) -> list[str]:
        """Return the row of the table."""
        counts = (self.screens, self.clicks, self.fields, self.characters)
        return [
            self.name,
            *map(str, counts),
            f"{self.waiting_seconds:.1f} s",
            f"{self.longest_wait_seconds:.2f} s",
            f"{self.human_seconds:.0f} s",
        ]


def check_waiting(cost: Cost) -> None:
    """Fail where the person waited too long, if SLM_JUDGE_WAITING=1 says that this machine does nothing else.

    Elsewhere the waits are only printed: a busy machine measures itself.
    """
    if os.environ.get("SLM_JUDGE_WAITING") == "1":
        assert cost.waiting_seconds <= ALL_WAITS_SECONDS, cost
        assert cost.longest_wait_seconds <= LONGEST_WAIT_SECONDS, cost


class Journey:
    """Acts on a page as a person does and counts every act. ``then`` is a text that the act brings to the screen."""

    def __init__(self, page: Page, name: str):
        self.page = page
        self.cost = Cost(name)

    async def open(self, path: str, *, then: str) -> None:
        """Arrive at an address: a link in a mail, a bookmark. Costs no click."""
        began = time.perf_counter()
        await self.page.goto(path)
        await self._arrived(then, began)
        self.cost.screens += 1
        self.cost.decisions += 1

    async def click(self, name: str, *, then: str = "", role: Any = None, within: Locator | None = None) -> None:
        """Click the link or button of this name. With ``then`` it leads to another screen."""
        await self.press(self._named(name, role, within), then=then)

    async def press(self, what: Locator, *, then: str = "") -> None:
        """Click one element."""
        self.cost.clicks += 1
        self.cost.decisions += 1
        began = time.perf_counter()
        await what.click()
        if then:
            await self._arrived(then, began)
            self.cost.screens += 1

    async def type(self, label: str, text: str, *, within: Locator | None = None) -> None:
        """Type into the field of this label. The click into it is counted with the typing, as people tab."""
        self.cost.fields += 1
        self.cost.characters += len(text)
        self.cost.decisions += 1
        await (within or self.page).get_by_label(label, exact=True).fill(text)

    async def choose(self, label: str, option: str, *, within: Locator | None = None) -> None:
        """Choose an option of a list: two clicks, one to open it and one to choose."""
        self.cost.clicks += 2
        self.cost.decisions += 1
        await (within or self.page).get_by_label(label, exact=True).select_option(label=option)

    async def choice(self, target: str, option: str) -> None:
        """Choose accept, change or refuse for a promise: one click."""
        await self.press(self.page.locator(f"#target-{target} label.option").filter(has_text=option))

    async def sees(self, *texts: str) -> None:
        """Fail where a text is not to be seen."""
        for text in texts:
            await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def _named(self, name: str, role: Any, within: Locator | None) -> Locator:
        place: Any = within or self.page
        if role is not None:
            found: Locator = place.get_by_role(role, name=name, exact=True)
            return found
        both = place.get_by_role("button", name=name, exact=True)
        return both.or_(place.get_by_role("link", name=name, exact=True)).first  # type: ignore[no-any-return]

    async def _arrived(self, text: str, began: float) -> None:
        await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()
        self.cost.waits.append(Wait(text, time.perf_counter() - began))


def table(costs: Iterable[Cost]) -> str:
    """Return the costs as a text table with right-aligned figures."""
    rows = [list(_HEAD), *(cost.row() for cost in costs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells))
    return "\n".join(lines)
