"""Assignments: which person of the reader's company handles a breach, risk or cause."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class HoldersOfItems:
    """Which person handles which breach, risk or cause.

    ``people``: person id → name, for the reader's company. ``held``: key of an item, such as ``breach/ID`` → person id.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    may_assign: bool = False
    reader: str = ""
    """The id of the person who looks at the page, empty for somebody who is no person of the company."""

    @cached_property
    def mine(self) -> frozenset[str]:
        """The keys of the items that are assigned to the reader."""
        return frozenset(item for item, holder in self.held.items() if self.reader and holder == self.reader)

    def holds_part(self, parts: Collection[str]) -> bool:
        """Whether one of these items is assigned to the reader."""
        return not self.mine.isdisjoint(parts)

    def holder(self, item: str) -> str:
        """Return the id of the person to whom an item is assigned, empty if nobody."""
        return self.held.get(item, "")

    def name(self, item: str) -> str:
        """Return the name of the person to whom an item is assigned, empty if the item is assigned to nobody.

        If the name is not known, return the person's id.
        """
        holder = self.holder(item)
        return self.people.get(holder, holder)

    @property
    def by_name(self) -> list[tuple[str, str]]:
        """Id and name of all people of the company, sorted by name."""
        return sorted(self.people.items(), key=lambda each: each[1].casefold())
