"""Two recordings side by side: every value that differs, and where."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

_NOTHING = object()
_SHOWN = 120


def read(path: Path) -> list[Any]:
    """The entries of a recording, a JSON value a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(each) for each in file]


def write(path: Path, entries: Sequence[Any]) -> None:
    """A recording, compressed; the same bytes for the same values."""
    text = "".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries)
    with path.open("wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode())


def differences(old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    """A line for each value that is not the same in both; none where the recordings are equal."""
    for number, (one, other) in enumerate(zip_longest(old, new, fillvalue=_NOTHING)):
        if one is _NOTHING or other is _NOTHING:
            yield f"{number} {_title(one, other)}: only in the {'new' if one is _NOTHING else 'old'} one"
            continue
        for where, before, after in _unequal(one, other, ""):
            yield f"{number} {_title(one, other)}: {where or 'it'}: {_short(before)} became {_short(after)}"


def _title(one: Any, other: Any) -> str:
    entry = other if one is _NOTHING else one
    if "request" in entry:
        request = entry["request"]
        return f"{request.get('stage')}, {request['method']} {request['path']} as {request['as']}"
    return f"{entry['topic']}, {entry['headers'].get('ce_type', 'no event')}"


def _unequal(one: Any, other: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *(name for name in other if name not in one)]:
            yield from _unequal(one.get(name, _NOTHING), other.get(name, _NOTHING), f"{where}.{name}".lstrip("."))
    elif isinstance(one, list) and isinstance(other, list):
        for number, (before, after) in enumerate(zip_longest(one, other, fillvalue=_NOTHING)):
            yield from _unequal(before, after, f"{where}[{number}]")
    elif one is _NOTHING or other is _NOTHING or type(one) is not type(other) or one != other:
        yield where, one, other


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
