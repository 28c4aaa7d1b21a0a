"""Records in lists inside lists. A record holds as ``parent`` the object that contains its list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PARENT = "parent"
"""The name under which a record holds the object that contains its list. That object may have a ``parent`` as well."""


class NoListFound(Exception):
    """The document has no list at the path."""


def members_of_lists(document: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield the members of every list at ``path``, in the document's order.

    Where the path meets a list, it continues in each member: ``["monitors", "logs"]`` yields the logs of all monitors.
    Each log has its monitor, without the logs, as ``parent``. Objects without the list are skipped. Raises NoListFound
    if no object has the list.
    """
    is_found = False
    for member, parent in _members(document, path, None):
        is_found = True
        if member is _EMPTY:
            continue
        yield _with_parent(member, parent) if isinstance(member, Mapping) else member
    if not is_found:
        raise NoListFound


_EMPTY = object()
"""Yielded once for an empty list, so that the list counts as found although it has no members."""


def _members(node: Any, path: Sequence[str], parent: Mapping[str, Any] | None) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, list):
        if not path or not node:
            yield from ((each, parent) for each in node or [_EMPTY])
            return
        for each in node:
            yield from _members(each, path, parent)
    elif isinstance(node, Mapping) and path and path[0] in node:
        holder = {name: value for name, value in node.items() if name != path[0]}
        yield from _members(node[path[0]], path[1:], _with_parent(holder, parent))


def _with_parent(member: Mapping[str, Any], parent: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return {**member, PARENT: parent} if parent and PARENT not in member else member
