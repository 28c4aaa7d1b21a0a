"""Pages read lists to their end: no company, person or promise is missing because it stands on the second page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import slm_console

FIRST_PAGE_IS_ENOUGH = {
    "agreements/document.py: _NEWEST",  # the newest versions and events, as the page says
    "breaches.py: 5",  # lessons of earlier breaches, the latest
    "connections/keys.py: 50",  # names for the lines to paste
    "connections/webhooks.py: _NEWEST",  # what was sent last, as the page says
    "connections/writers.py: _NEWEST",  # the tickets written last, as the page says
    "connections.py: PAGE",  # the reader turns the pages
    "search.py: 20",  # the best hits
    "settings/audit_trail.py: 100",  # the reader turns the pages
    "settings/mails.py: _NEWEST",  # the last mails, as the page says
    "sign_in.py: 1",  # only whether the key is known
    "targets.py: 12",  # the last twelve periods
    "services.py: 200",  # the summary's lists, which say how many there are
    "today.py: _MOST",  # the same, and the latest causes; each row of an older breach stands by itself
}
ROOT = Path(slm_console.__file__).parent


def partial_reads() -> Iterator[str]:
    """Each request for only the first page of a list, as file and limit."""
    for folder in ("pages", "web"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text())
            constants = {
                node.targets[0].id: node.value
                for node in tree.body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            }
            whole = {
                id(argument)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and name_of(node.func) in ("Whole", "whole")
                for argument in ast.walk(node)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Dict) and id(node) not in whole and (limit := limit_of(node)) is not None:
                    if node in constants.values():
                        names = [name for name, value in constants.items() if value is node]
                        uses = [use for use in ast.walk(tree) if isinstance(use, ast.Name) and use.id in names]
                        reads = [use for use in uses if isinstance(use.ctx, ast.Load) and id(use) not in whole]
                        yield from (f"{file.relative_to(ROOT / folder)}: {use.id}" for use in reads)
                    else:
                        yield f"{file.relative_to(ROOT / folder)}: {limit}"


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def limit_of(query: ast.Dict) -> str | None:
    """The limit in the parameters of a request; None if they have none."""
    for key, value in zip(query.keys, query.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "limit":
            return str(value.value) if isinstance(value, ast.Constant) else ast.unparse(value)
    return None


def test_every_list_is_read_to_its_end() -> None:
    assert set(partial_reads()) == FIRST_PAGE_IS_ENOUGH
