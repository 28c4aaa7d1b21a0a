"""Count where code of monitor-svc outside the registry of aggregations depends on which aggregation a target has.

``python -m tools.aggregation_choices [root]`` (``make choices``) prints each place, and the number of places. ``root``
is any checkout, so that two commits can be compared; the default is this one. Nothing of the checkout is run.

Such a place is a *choice*: a new aggregation could make its code wrong. A choice is one of these:

* ``==``, ``!=``, ``in``, ``not in`` or ``is`` with an aggregation's name, a set of names or a class that belongs to one
  kind (an accumulator, a form of rolling windows);
* ``isinstance`` with such a class;
* a table of names of aggregations: every key of a dictionary is one choice, and a whole set is one choice;
* a look-up in a table by a target's aggregation;
* a comparison with a name in SQL.

The modules of ``domain/aggregations``, which are the registry, are not counted.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slm_events import aggregations

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "services/monitor-svc/src/slm_monitor"
REGISTRY = "domain/aggregations"
NAMES = frozenset(aggregations.KINDS)

_CLASSES = re.compile(r"(Share|Value|Occurrence|Slice)Accumulator|Rolling(Slice|Value|Sum|PromoterScore)Windows")
_TABLES = re.compile(r"[A-Z_]*AGGREGATIONS|NEVER_WORSENED_BY_GOOD_EVENTS|WITHIN")
_INDICATOR_KINDS = frozenset({"availability", "ratio", "value", "count", "rating", "recovery"})
"""Kinds of indicators. Some are also names of aggregations, so a table of these alone is no table of aggregations."""
_SQL = re.compile(r"aggregation' *(=|IN|\?) *\(?'|\{aggregation,|\$\.aggregation\.")


class Choice(NamedTuple):
    """A place where code depends on which aggregation a target has, with its source text."""

    path: str
    line: int
    text: str


def find_choices(root: Path) -> list[Choice]:
    """Return all choices in monitor-svc outside the registry, in the order of their places."""
    source = root / SOURCE
    found = []
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if name.startswith(REGISTRY):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        texts = _docstrings(tree)
        for node in _choosing(tree, texts):
            found.append(Choice(name, node.lineno, " ".join(ast.unparse(node).split())))
    return sorted(found)


def _docstrings(tree: ast.Module) -> set[ast.AST]:
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _choosing(tree: ast.Module, texts: set[ast.AST]) -> Iterator[ast.expr]:
    counted: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in counted or node in texts:
            continue
        if isinstance(node, ast.Compare) and _compares(node):
            counted.update(ast.walk(node))
            yield node
        elif isinstance(node, ast.Dict) and _is_table(node.keys):
            yield from (key for key in node.keys if key is not None)
        elif isinstance(node, ast.expr) and _chooses(node):
            yield node


def _chooses(node: ast.expr) -> bool:
    """Return whether one expression, which is neither a comparison nor a dictionary, is a choice."""
    if isinstance(node, ast.Call):
        return _asks_class(node) or _looks_up(node)
    if isinstance(node, ast.Subscript):
        return _looks_up(node)
    if isinstance(node, ast.Set | ast.Tuple | ast.List):
        return _is_table(node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL.search(node.value))


def _compares(node: ast.Compare) -> bool:
    operands = [node.left, *node.comparators]
    if any(_is_class(each) for each in operands):
        return True
    is_asked = any(_is_aggregation(each) for each in operands)
    return (is_asked and any(_is_named(each) for each in operands)) or any(_has_table(each) for each in operands[1:])


def _asks_class(node: ast.Call) -> bool:
    asks = isinstance(node.func, ast.Name) and node.func.id == "isinstance"
    return asks and any(_is_class(each) for each in ast.walk(node.args[1]))


def _looks_up(node: ast.Call | ast.Subscript) -> bool:
    """Return whether an expression looks up a target's aggregation in a table."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Attribute) and _is_aggregation(node.slice)
    is_get = isinstance(node.func, ast.Attribute) and node.func.attr == "get" and bool(node.args)
    return is_get and isinstance(node.args[0], ast.Attribute | ast.Name) and _is_aggregation(node.args[0])


def _is_table(keys: list[ast.expr] | list[ast.expr | None]) -> bool:
    """Return whether all keys are names of aggregations, at least two of them."""
    texts = [each.value for each in keys if isinstance(each, ast.Constant)]
    named = sum(each is not None and _last_name(each) == "WITHIN" for each in keys)
    spread = sum(each is None for each in keys)
    is_of_names = len(texts) + named + spread == len(keys) and NAMES.issuperset(texts)
    return is_of_names and len(texts) > 1 and not _INDICATOR_KINDS.issuperset(texts)


def _is_class(node: ast.AST) -> bool:
    return bool(_CLASSES.fullmatch(_last_name(node)))


def _is_aggregation(node: ast.AST) -> bool:
    """Return whether an expression reads a target's aggregation: from an attribute, a document or a variable."""
    if isinstance(node, ast.Constant):
        return bool(node.value == "aggregation")
    if isinstance(node, ast.Subscript):
        return _is_aggregation(node.slice)
    if isinstance(node, ast.Call):
        return any(_is_aggregation(each) for each in node.args)
    return _last_name(node) == "aggregation"


def _is_named(node: ast.AST) -> bool:
    """Return whether an expression is the name of an aggregation, or a table of names."""
    if isinstance(node, ast.Constant):
        return node.value in NAMES
    if isinstance(node, ast.Tuple | ast.Set | ast.List):
        return any(_is_named(each) for each in node.elts)
    return _has_table(node)


def _has_table(node: ast.AST) -> bool:
    """Return whether an expression is a table of names, or contains one."""
    return any(bool(_TABLES.fullmatch(_last_name(each).lstrip("_"))) for each in ast.walk(node))


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def main() -> int:
    """Print each choice in the checkout that the argument names, then the number of choices and of their modules."""
    found = find_choices(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    for each in found:
        print(f"{each.path}:{each.line}  {each.text[:100]}")
    modules = {each.path for each in found}
    print(f"choices by kind of aggregation outside {REGISTRY}: {len(found)} in {len(modules)} modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
