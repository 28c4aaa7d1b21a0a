"""Rows of the Today page: what needs somebody, why, the time left, and one act that helps."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RowAct:
    """The act that a row offers: a link to a page, or with ``posts`` a form that is submitted."""

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
    """How urgent the row is: ``now``, ``today``, ``this_week`` or ``later``."""
    mark: str
    what: str
    path: str
    why: str
    left: str
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
