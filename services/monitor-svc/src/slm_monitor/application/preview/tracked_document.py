"""Documents that record which of their fields were read. Fields that no code reads are unknown, and can be reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OURS = ("objective", "unacceptable", "window")
"""The parts of a target in which parsing reads every field that it knows, so that an unread field is unknown. Other
parts hold free content, or are read later.
"""


class ReadTrackingDocument(dict[str, Any]):
    """A dictionary that records which of its fields were read."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document)
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self._asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._asked.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._asked.add(name)
        return super().get(name, default)

    def unread(self) -> Iterator[str]:
        """Yield the paths of fields that have a value and were never read."""
        for name, value in self.items():
            if name not in self._asked and value is not None:
                yield name
            elif isinstance(value, ReadTrackingDocument):
                yield from (f"{name}.{inner}" for inner in value.unread())

    @property
    def asked(self) -> list[str]:
        """Return the names of the fields that were read, sorted."""
        return sorted(self._asked)


def track_fields_read_of_target(document: Mapping[str, Any]) -> ReadTrackingDocument:
    """Wrap a target's document, and the parts of it that ``_OURS`` names, so that they record which of their fields are
    read.
    """
    parts = {name: ReadTrackingDocument(document[name]) for name in _OURS if isinstance(document.get(name), Mapping)}
    return ReadTrackingDocument({**document, **parts})
