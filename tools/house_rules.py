"""The house's own small rules, read off the syntax trees: words, rooms, packages, clocks, names, parts.

``python -m tools.house_rules [root]`` prints one line a violation and ends with 1 if there is any.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("shared/*/src", "services/*/src", "deploy/standalone/src")

CUSTOMERS_WORDS = (
    "agreement",
    "breach",
    "error budget",
    "incident",
    "indicator",
    "measurement",
    "ola",
    "service hours",
    "service level",
    "sla",
    "sli",
    "slo",
    "target",
    "ticket",
    "underpinning contract",
)
"""What the chassis must not know. It serves any product; the customers' words belong to the services."""

OTHERS_WORDS = ("target_metadata", "target=", "TARGET_POSTGRES_VERSION", "checkpoint_completion_target")
"""Names that others gave: alembic, the standard library, the PostgreSQL wheel, PostgreSQL."""

NO_ROOMS = frozenset({"base", "common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})

PACKAGED = "services/monitor-svc/src"
"""The service whose rooms are divided into packages."""
MOST_MODULES = 14
"""A folder with more of them is a list to be searched, not a place to be known."""

CLOCKS = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"})
CLOCK_ROOM = "shared/chassis/src/slm_chassis/clock.py"

PARTS_ROOM = "shared/chassis/src/slm_chassis/http/parts.py"
"""The only module that reads and writes the untyped state of an API; everybody else asks for a typed part."""

NO_CLASSES = re.compile(r"\w(Service|Manager|Helper|Util|Utils)$")
CUSTOMERS_SERVICE = frozenset({"NewService"})
"""Classes that are about a service of the catalogue, which the customer calls so."""

NO_NOUNS = frozenset(
    {
        "Ahead",
        "Apart",
        "Aside",
        "Away",
        "Become",
        "Before",
        "Begun",
        "Behind",
        "Born",
        "Bound",
        "Broken",
        "By",
        "Chosen",
        "Come",
        "Done",
        "Drawn",
        "Found",
        "Given",
        "Gone",
        "Grown",
        "Heard",
        "Held",
        "Hidden",
        "Kept",
        "Known",
        "Left",
        "Lost",
        "Made",
        "Met",
        "Only",
        "Paid",
        "Past",
        "Read",
        "Said",
        "Seen",
        "Sent",
        "Shown",
        "Spent",
        "Stood",
        "Taken",
        "Thrown",
        "Together",
        "Told",
        "Understood",
        "Won",
        "Written",
    }
)
"""Irregular participles, adverbs and prepositions. As the whole name of a class they do not say what the thing is."""

NOUNS = frozenset({"Crossing", "Feed", "Finding", "Listing", "Meeting", "Rating", "Reading", "Ring", "Seed", "String"})
"""Real nouns in -ed or -ing: the only ones that may be a class's whole name."""

MOST_DEFINITIONS = 2
"""In how many modules of one package a module-level function name may be defined: beyond, grep and "go to definition"
find the wrong one."""

MANY_MODULES = {
    "router": "every API module of a service builds the router that bootstrap includes",
    "main": "the entry point of a command",
    "upgrade": "the name that alembic calls in every migration",
    "downgrade": "the name that alembic calls in every migration",
}
"""Function names that may be defined in any number of modules, each with the reason."""

_WORDS = re.compile(
    r"(?<![a-z])(" + "|".join(word.replace(" ", "[ _-]") for word in CUSTOMERS_WORDS) + r")(s|es)?(?![a-z])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def violations(root: Path) -> list[str]:
    """Every breach of a rule under ``root``, as ``path:line: what``."""
    found: list[str] = []
    classes: dict[tuple[str, str], list[str]] = {}
    functions: dict[tuple[str, str], list[str]] = {}
    for path in _python_files(root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=name)
        found += _rooms(name)
        found += _class_names(name, tree)
        found += _participles(name, tree)
        package = name.partition("/src/")[0]
        for each in _classes(tree):
            classes.setdefault((package, each.name), []).append(f"{name}:{each.lineno}")
        for function in _functions(tree):
            functions.setdefault((package, function.name), []).append(f"{name}:{function.lineno}")
        if name != CLOCK_ROOM:
            found += _clocks(name, tree)
        if name != PARTS_ROOM:
            found += _untyped_state(name, tree)
        if name.startswith("shared/chassis/"):
            found += _customers_words(name, text)
    return found + _classes_twice(classes) + _functions_everywhere(functions) + _packages(root)


def _python_files(root: Path) -> Iterator[Path]:
    for pattern in SOURCES:
        for source in sorted(root.glob(pattern)):
            yield from sorted(source.rglob("*.py"))


def _rooms(name: str) -> list[str]:
    parts = [part.removesuffix(".py") for part in Path(name).parts]
    return [f"{name}:1: a room called {part!r} says nothing of what is in it" for part in parts if part in NO_ROOMS]


def _packages(root: Path) -> list[str]:
    """Folders with too many modules, and packages inside a room that do not say what they must not know."""
    found: list[str] = []
    for folder in sorted({path.parent for path in (root / PACKAGED).rglob("*.py")}):
        name = folder.relative_to(root).as_posix()
        modules = sum(path.name != "__init__.py" for path in folder.glob("*.py"))
        if modules > MOST_MODULES:
            found.append(f"{name}/__init__.py:1: {modules} modules in one folder; divide it, {MOST_MODULES} at most")
        inside = folder.relative_to(root / PACKAGED).parts[1:]
        start = folder / "__init__.py"
        if len(inside) > 1 and inside[0] != "migrations" and start.exists():
            purpose = ast.get_docstring(ast.parse(start.read_text(encoding="utf-8")))
            if "must not" not in (purpose or ""):
                found.append(f"{name}/__init__.py:1: say what the package is for, and what it must not know or do")
    return found


def _class_names(name: str, tree: ast.AST) -> list[str]:
    return [
        f"{name}:{node.lineno}: class {node.name}: name the thing, or make its verbs functions"
        for node in _classes(tree)
        if NO_CLASSES.search(node.name) and node.name not in CUSTOMERS_SERVICE
    ]


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _participles(name: str, tree: ast.AST) -> list[str]:
    """Classes named by one participle, adverb or preposition alone, such as ``Told``, ``Counting`` or ``Behind``."""
    return [
        f"{name}:{node.lineno}: class {node.name}: a participle says what happened to a thing; name the thing"
        for node in _classes(tree)
        for words in [_HUMP.sub(" ", node.name.lstrip("_")).split()]
        if len(words) == 1 and words[0] not in NOUNS and (words[0] in NO_NOUNS or words[0].endswith(("ed", "ing")))
    ]


def _classes_twice(classes: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """``classes``: (package, class name) → where it is defined, as ``path:line``."""
    return [
        f"{places[-1]}: class {name} is also defined at {places[0]}; give each its own name"
        for (_, name), places in classes.items()
        if len(places) > 1
    ]


def _functions_everywhere(functions: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """``functions``: (package, name of a module-level function) → where it is defined, as ``path:line``."""
    return [
        f"{places[-1]}: def {name} is defined in {len(places)} modules of {package}; say what it does"
        for (package, name), places in functions.items()
        if len(places) > MOST_DEFINITIONS and name not in MANY_MODULES
    ]


def _clocks(name: str, tree: ast.AST) -> list[str]:
    imported = _imported_names(tree)
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)} reads a clock; take a slm_chassis Clock"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name) and _full_name(node, imported) in CLOCKS
    ]


def _untyped_state(name: str, tree: ast.AST) -> list[str]:
    states = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "state")
    owners = ((node, ast.unparse(node.value).rpartition(".")[2]) for node in states)
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)} has no types; make it a slm_chassis.http.parts.Part"
        for node, owner in owners
        if owner in {"api", "app", "http"}
    ]


def _imported_names(tree: ast.AST) -> dict[str, str]:
    """Local name → what it is, for ``from time import time as t`` and ``import datetime as dt``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "datetime"}:
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name if node.module == "datetime" else f"time.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name
    return names


def _full_name(expression: ast.expr, imported: dict[str, str]) -> str:
    first, _, rest = ast.unparse(expression).partition(".")
    full = imported.get(first, first) + (f".{rest}" if rest else "")
    return full.removeprefix("datetime.") if full.count(".") > 1 else full


def _customers_words(name: str, text: str) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        for others in OTHERS_WORDS:
            line = line.replace(others, "")
        word = _WORDS.search(_HUMP.sub(" ", line))
        if word:
            found.append(f"{name}:{number}: the chassis knows no {word[0]!r}")
    return found


def main() -> int:
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    found = violations(root)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"house rules: {len(found)} broken" if found else "house rules: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
