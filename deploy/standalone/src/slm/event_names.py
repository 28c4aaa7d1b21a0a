"""Readable names of the events of a stream."""

from __future__ import annotations

from slm_events.catalogue import ACCESS, BY_TYPE, CATALOGUE, PEOPLE


def event_names() -> dict[str, str]:
    """Return event → its name in words: ``TargetBreached`` → ``Target breached``."""
    streamed = [row.event.__name__ for row in BY_TYPE.values() if row.topic not in (ACCESS, CATALOGUE, PEOPLE)]
    return {name: _in_words(name) for name in streamed}


def _in_words(name: str) -> str:
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return text[:1].upper() + text[1:]
