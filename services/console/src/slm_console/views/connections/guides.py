"""Guides of connectors: the small part of Markdown that they use, as blocks that a template can show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_STEP = re.compile(r"\d{1,2}\. +")
_FENCE = re.compile(r" *```")
_SPANS = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
"""A Markdown link. Its target is a file in the repository, which the console cannot open, so only its words stay."""
_EXAMPLE_ADDRESS = "https://slm.example/api/v1/hooks/…"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text within a line. ``kind``: ``code``, ``strong``, ``em``, or empty for plain text."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, lines to copy, or numbered steps.

    - ``kind``: ``text``, ``code`` or ``steps``.
    - ``spans``: the pieces of a paragraph.
    - ``code``: the lines of code.
    - ``steps``: the blocks of each step.
    """

    kind: str
    spans: Sequence[Span] = ()
    code: str = ""
    steps: list[list[Block]] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """Number of lines of code."""
        return self.code.count("\n") + 1


def guide_blocks(guide: str, address: str = "") -> list[Block]:
    """Return a guide as blocks. If ``address`` is not empty, it replaces the example address in the guide.

    Numbered steps, code and emphasis are recognized. A link loses its address and keeps its words. All other Markdown
    stays as it is written.
    """
    text = _LINK.sub(r"\1", guide.replace(_EXAMPLE_ADDRESS, address) if address else guide)
    found: list[Block] = []
    steps: list[list[Block]] | None = None
    for is_step, lines in _pieces(text.splitlines()):
        if is_step:
            if steps is None:
                steps = []
                found.append(Block("steps", steps=steps))
            steps.append(list(_plain(lines)))
        elif any(line.strip() for line in lines):
            steps = None
            found += _plain(lines)
    return found


def _pieces(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Split a guide into its steps and the parts between them. Yield pairs: whether a part is a step, and its lines."""
    piece: list[str] = []
    is_step, indent = False, 0
    for line in lines:
        if begins := _STEP.match(line):
            yield is_step, piece
            is_step, indent, piece = True, begins.end(), [line[begins.end() :]]
        elif is_step and line.strip() and not line.startswith(" "):
            yield True, piece
            is_step, piece = False, [line]
        else:
            piece.append(line[min(indent, len(line) - len(line.lstrip())) :] if is_step else line)
    yield is_step, piece


def _plain(lines: Sequence[str]) -> Iterator[Block]:
    """Yield a block for each paragraph and for each fenced code block in these lines."""
    paragraph: list[str] = []
    code: list[str] | None = None
    for line in lines:
        if _FENCE.match(line):
            if code is None:
                yield from _paragraph(paragraph)
                paragraph, code = [], []
            else:
                yield Block("code", code="\n".join(code))
                code = None
        elif code is not None:
            code.append(line)
        elif line.strip():
            paragraph.append(line.strip())
        else:
            yield from _paragraph(paragraph)
            paragraph = []
    if code is not None:
        yield Block("code", code="\n".join(code))
    yield from _paragraph(paragraph)


def _paragraph(lines: Sequence[str]) -> Iterator[Block]:
    if lines:
        yield Block("text", spans=_spans(" ".join(lines)))


def _spans(text: str) -> list[Span]:
    found, place = [], 0
    for match in _SPANS.finditer(text):
        if match.start() > place:
            found.append(Span(text[place : match.start()]))
        kind = ("code", "strong", "em")[next(number for number, each in enumerate(match.groups()) if each)]
        found.append(Span(next(each for each in match.groups() if each), kind))
        place = match.end()
    if place < len(text):
        found.append(Span(text[place:]))
    return found
