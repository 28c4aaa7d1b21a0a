"""Documents that know which of their fields somebody has read: those that nobody has are unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OURS = ("objective", "unacceptable", "window")
"""The parts of a target whose fields are all read as it is parsed; of others some are the sender's, or read later."""


class TrackedDocument(dict[str, Any]):
    """A document that remembers which of its fields were asked for."""

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
        """The fields that hold something and were never asked for."""
        for name, value in self.items():
            if name not in self._asked and value is not None:
                yield name
            elif isinstance(value, TrackedDocument):
                yield from (f"{name}.{inner}" for inner in value.unread())

    @property
    def asked(self) -> list[str]:
        """The names of the fields that somebody looked for."""
        return sorted(self._asked)


def tracked_target(document: Mapping[str, Any]) -> TrackedDocument:
    """A target's document, its parts noted too."""
    parts = {name: TrackedDocument(document[name]) for name in _OURS if isinstance(document.get(name), Mapping)}
    return TrackedDocument({**document, **parts})
