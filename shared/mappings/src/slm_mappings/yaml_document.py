"""A YAML file written by a person: plain texts as values, of bounded size, without aliases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from slm_mappings.messages import ImportFinding, ImportRefused

LARGEST = 1_000_000
"""The most bytes of a mapping. One with a few hundred states and values has about a hundredth of that."""
DEEPEST = 20
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
"""The plain scalars that are not text. All others are text: a state named No, On or 2026-01-01 keeps its spelling."""


def read_yaml(path: Path) -> Any:
    """Return the document as dicts, lists and texts. Raises ImportRefused, naming the line, if it is not valid or too
    large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise _yaml_refusal(path, f"it is longer than {LARGEST:,} bytes; check that it is the mapping")
        return _Built(path, data.decode("utf-8-sig")).document()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        raise _yaml_refusal(path, " ".join(said.split())) from problem


def read_yaml_text(text: str, name: str = "mapping") -> Any:
    """Return the document in a text. ``name`` is its name in error messages. Raises ImportRefused."""
    if len(text) > LARGEST:
        raise _yaml_refusal(name, f"it is longer than {LARGEST:,} characters")
    try:
        return _Built(name, text).document()
    except yaml.YAMLError as problem:
        raise _yaml_refusal(name, " ".join(str(problem).split())) from problem


def _yaml_refusal(path: Path | str, remedy: str) -> ImportRefused:
    return ImportRefused("The mapping cannot be read", [ImportFinding(str(path), None, remedy)])


class _Built:
    """A document built from parser events. The nesting depth is counted, so that a deep document cannot exhaust the
    stack.
    """

    def __init__(self, path: Path | str, text: str) -> None:
        self._path = path
        self._text = text

    def document(self) -> Any:
        root: list[Any] = []
        # Each open collection with the key that waits for its value; a list has none.
        open_ones: list[tuple[Any, list[str]]] = [(root, [])]
        for event in yaml.parse(self._text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise self._at(event, "anchors and aliases (& and *) are not supported; write the value out")
            if isinstance(event, yaml.ScalarEvent):
                plain = event.style is None and event.tag is None
                self._put(open_ones, _WORDS.get(event.value, event.value) if plain else event.value, event)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                begun: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                self._put(open_ones, begun, event)
                open_ones.append((begun, []))
                if len(open_ones) > DEEPEST:
                    raise self._at(event, f"it is nested deeper than {DEEPEST}")
            elif isinstance(event, yaml.CollectionEndEvent):
                open_ones.pop()
        if len(root) > 1:
            raise _yaml_refusal(self._path, "it contains several documents; keep one")
        return root[0] if root else None

    def _put(self, open_ones: list[tuple[Any, list[str]]], value: Any, event: yaml.Event) -> None:
        holder, waiting = open_ones[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif waiting:
            holder[waiting.pop()] = value
        elif not isinstance(event, yaml.ScalarEvent):
            raise self._at(event, "a key must be text")
        elif event.value in holder:
            raise self._at(event, f"{event.value[:80]!r} is given twice")
        else:
            waiting.append(event.value)

    def _at(self, event: yaml.Event, remedy: str) -> ImportRefused:
        line = 0 if event.start_mark is None else event.start_mark.line + 1
        return _yaml_refusal(self._path, f"line {line}: {remedy}")
