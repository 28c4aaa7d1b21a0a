"""Rows of the Today page: what needs somebody, why, the time left, and one act that helps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from slm_console.views import instants
from slm_console.views.clocks import RunningClock

BUCKETS = ("now", "today", "this_week", "later")
"""How urgent a row is, the most urgent first."""
OUTAGE, BREACHED, AT_RISK, TO_DECIDE, SILENT, TICKET_DUE, TO_SIGN, TO_ANSWER, AGREEMENT_TO_DECIDE = COUNTED = (
    "outage", "breached", "at-risk", "to-decide", "silent", "ticket-due", "to-sign", "to-answer", "agreement-to-decide",
)  # fmt: skip
"""Kinds of rows that the sentence on top of the page counts; ``UrgentRow.counted`` has the kinds of a row."""
NEVER = 1 << 62
"""Sort key of a row without a deadline: larger than any deadline, so that the row comes last."""


@dataclass(frozen=True, slots=True)
class RowAct:
    """The act that a row offers: a link to a page or, if ``posts`` is true, a form that is submitted."""

    label: str
    path: str
    posts: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    undo: str = ""
    """Path of the act that undoes this one, empty if there is none."""


@dataclass(frozen=True, slots=True)
class UrgentRow:
    """A row of the Today page. ``order`` sorts the rows within a bucket, the smallest first."""

    key: str
    bucket: str
    """How urgent the row is: one of ``BUCKETS``."""
    mark: str
    what: str
    path: str
    why: str
    left: str
    """A time or an amount in words that say what it is: ``2 of 43 min of allowed downtime left``."""
    extent: str
    """How many breaches and agreements the row is about, or the priority of a ticket, in words."""
    act: RowAct | None
    order: tuple[int, int] = (0, 0)
    explain: str = ""
    """Path of the page that shows how the row's figure is worked out, empty if it has none."""
    can_be_selected: bool = False
    tip: str = ""
    """Technical name, such as an indicator's key, for the row's tooltip; empty if it adds nothing."""
    item: str = ""
    """``breach/ID``, ``risk/ID`` or ``cause/ID``: the item to assign or snooze; empty for other rows."""
    parts: frozenset[str] = frozenset()
    """Keys, such as ``breach/ID``, of the breaches and risks that the row stands for."""
    word: str = ""
    """The word for the row's state, if it differs from the word of its mark: an outage has the mark of a breach."""
    clock: RunningClock | None = None
    """The running clock that ``left`` shows; None if ``left`` is no running time."""
    deadline: int | None = None
    """The agreed deadline, in microseconds since 1970; None for a forecast, because it moves."""
    counted: frozenset[str] = frozenset()
    """The kinds in ``COUNTED`` that the row has; the sentence counts it under each of them."""

    def order_among(self, mine: Collection[str]) -> tuple[object, ...]:
        """Return the row's sort key: by urgency, then the reader's rows first, then by ``order``.

        A row is the reader's if its item or one of its parts is in ``mine``.
        """
        is_mine = self.item in mine or not self.parts.isdisjoint(mine)
        return (BUCKETS.index(self.bucket), not is_mine, self.order, self.key)


def order_by_deadline(deadline: object) -> tuple[int, int]:
    """Return the ``order`` of a row by its deadline (RFC 3339 text); a row without one comes last."""
    return (instants.read(deadline) or NEVER, 0)
