"""The limit on how deeply a document may be nested, so that every program can read what is signed."""

from __future__ import annotations

from typing import Any

from slm_agreement.domain.errors import Finding

DEEPEST = 32
"""The most levels of objects and lists, including the document itself."""


def find_too_deep_path(document: Any) -> str | None:
    """Return the path of a value that is nested too deeply; None if there is none.

    The search does not recurse, so it cannot exhaust the stack.
    """
    waiting: list[tuple[str, Any, int]] = [("", document, 1)]
    while waiting:
        path, value, depth = waiting.pop()
        if not isinstance(value, dict | list):
            continue
        if depth > DEEPEST:
            return path
        named = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [(_at(path, name), inner, depth + 1) for name, inner in named]
    return None


def nesting_finding(path: str) -> Finding:
    """Return the error that the value at this path is nested too deeply."""
    shown = path if len(path) <= 120 else f"{path[:119]}…"
    remedy = f"nest objects and lists at most {DEEPEST} deep"
    return Finding(shown, "nested too deeply", remedy, "document.too-deep")


def _at(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
