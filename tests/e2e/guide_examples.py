"""Examples in the pages of a guide: files, a command to type and what it prints, as fenced blocks of Markdown."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"^```(\w*) ?([\w.-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """The files of an example, the command to type and what it prints."""

    files: dict[str, str]
    typed: str
    printed: str


def examples_in(page: str) -> list[Example]:
    """Return the examples of a page. A block with a file's name is one of the files of the example that follows."""
    found: list[Example] = []
    files: dict[str, str] = {}
    typed = ""
    for kind, name, content in _FENCE.findall(page):
        if name:
            files[name] = content
        elif kind == "console":
            typed = content
        elif kind == "text":
            found.append(Example(files, typed, content))
            files = {}
    return found
