"""Checks of this repository's own rules on the syntax trees: names, sizes, folders, packages, clocks, API state.

``python -m tools.house_rules [root]`` prints one line for each violation and exits with 1 if there is any.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools import structure

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
"""Words of the domain that the chassis must not contain, so that it can serve any product."""

OTHERS_WORDS = (
    "service-level-management",
    "target_metadata",
    "target=",
    "TARGET_POSTGRES_VERSION",
    "checkpoint_completion_target",
)
"""Names of the distributions, alembic, the standard library, the PostgreSQL wheel and PostgreSQL that contain such a
word and are allowed.
"""

NO_ROOMS = frozenset({"base", "common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})

PACKAGED = {"services/monitor-svc/src/slm_monitor": 2, "services/agreement-svc/src/slm_agreement/domain": 1}
"""Folder that is divided into packages → how many levels below it the packages are."""
MOST_MODULES = 14
"""The most modules in one folder, so that a reader can survey it."""

MOST_WITH_MANY_PARAMETERS = 33
"""How many functions of the product may have more than six parameters. Lower it with each that is gone; never raise it.
"""

CLOCKS = frozenset({"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"})
CLOCK_ROOM = "shared/chassis/src/slm_chassis/clock.py"

PARTS_ROOM = "shared/chassis/src/slm_chassis/http/parts.py"
"""The only module that reads and writes an API's untyped ``state``; all others ask this module for a typed part."""

NO_CLASSES = re.compile(r"\w(Service|Manager|Helper|Util|Utils)$")
CUSTOMERS_SERVICE = frozenset({"NewService"})
"""Classes in whose names "Service" means a service of the catalogue, not a use case."""

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
"""Irregular participles, adverbs and prepositions, none of which may be the whole name of a class."""

NOUNS = frozenset({"Crossing", "Feed", "Finding", "Listing", "Meeting", "Rating", "Reading", "Ring", "Seed", "String"})
"""Words in -ed or -ing that are nouns and so may be the whole name of a class."""

MOST_DEFINITIONS = 2
"""In how many modules of a package a function name may be defined: with more, a search finds the wrong function."""

MANY_MODULES = {
    "router": "every API module of a service builds the router that bootstrap includes",
    "main": "the entry point of a command",
    "upgrade": "the name that alembic calls in every migration",
    "downgrade": "the name that alembic calls in every migration",
}
"""Function names that any number of modules may define, each with the reason."""

_WORDS = re.compile(
    r"(?<![a-z])(" + "|".join(word.replace(" ", "[ _-]") for word in CUSTOMERS_WORDS) + r")(s|es)?(?![a-z])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def violations(root: Path) -> list[str]:
    """Return every violation under ``root`` as ``path:line: text``."""
    found: list[str] = []
    classes: dict[tuple[str, str], list[str]] = {}
    functions: dict[tuple[str, str], list[str]] = {}
    modules: list[structure.Module] = []
    for path in _python_files(root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=name)
        modules.append(structure.Module(name, path, tree))
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
    found += _classes_twice(classes) + _functions_everywhere(functions) + _packages(root)
    return found + _long_files(root) + _many_parameters(structure.functions(modules, root))


def _python_files(root: Path) -> Iterator[Path]:
    for pattern in SOURCES:
        for source in sorted(root.glob(pattern)):
            yield from sorted(source.rglob("*.py"))


def _rooms(name: str) -> list[str]:
    parts = [part.removesuffix(".py") for part in Path(name).parts]
    return [
        f"{name}:1: the name {part!r} does not say what is in the folder or module"
        for part in parts
        if part in NO_ROOMS
    ]


def _packages(root: Path) -> list[str]:
    """Find folders with too many modules, and packages whose docstring does not say what they must not know."""
    return [
        flaw
        for top, depth in PACKAGED.items()
        for folder in sorted({path.parent for path in (root / top).rglob("*.py")})
        for flaw in _folder_flaws(
            folder, folder.relative_to(root).as_posix(), folder.relative_to(root / top).parts, depth
        )
    ]


def _folder_flaws(folder: Path, name: str, inside: tuple[str, ...], depth: int) -> list[str]:
    found: list[str] = []
    modules = sum(path.name != "__init__.py" for path in folder.glob("*.py"))
    if modules > MOST_MODULES and structure.reason_for_size(".".join(inside)) is None:
        found.append(
            f"{name}/__init__.py:1: {modules} modules in one folder; divide it, at most {MOST_MODULES} are allowed"
        )
    start = folder / "__init__.py"
    if len(inside) >= depth and inside[0] != "migrations" and start.exists():
        purpose = ast.get_docstring(ast.parse(start.read_text(encoding="utf-8")))
        if "must not" not in (purpose or ""):
            found.append(f"{name}/__init__.py:1: say what the package is for, and what it must not know or do")
    return found


def _long_files(root: Path) -> list[str]:
    """Find files with too many lines, in the tests and tools too."""
    files = structure.python_files(root, (*structure.PRODUCT, *structure.SURROUNDINGS))
    return [
        f"{name}:1: {lines} lines; divide the file by subject, at most {structure.MOST_LINES} are allowed"
        for lines, name in structure.long_files(files, root)
    ]


def _many_parameters(functions: Sequence[structure.Function]) -> list[str]:
    """Return one violation that lists all functions with many parameters, if there are more of them than allowed."""
    many = structure.with_many_parameters(functions)
    if len(many) <= MOST_WITH_MANY_PARAMETERS:
        return []
    places = ", ".join(f"{each.name} ({each.place})" for each in sorted(many, key=lambda each: each.place))
    return [
        f"tools/house_rules.py:1: {len(many)} functions have more than {structure.MOST_PARAMETERS} parameters, and only"
        f" {MOST_WITH_MANY_PARAMETERS} may; pass an object, or less. They are {places}"
    ]


def _class_names(name: str, tree: ast.AST) -> list[str]:
    return [
        f"{name}:{node.lineno}: class {node.name}: name the thing, or make its methods functions"
        for node in _classes(tree)
        if NO_CLASSES.search(node.name) and node.name not in CUSTOMERS_SERVICE
    ]


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _participles(name: str, tree: ast.AST) -> list[str]:
    """Find classes named by a single participle, adverb or preposition, such as ``Told``, ``Counting`` or
    ``Behind``.
    """
    return [
        f"{name}:{node.lineno}: class {node.name}: this name does not say what the thing is; use a noun"
        for node in _classes(tree)
        for words in [_HUMP.sub(" ", node.name.lstrip("_")).split()]
        if len(words) == 1 and words[0] not in NOUNS and (words[0] in NO_NOUNS or words[0].endswith(("ed", "ing")))
    ]


def _classes_twice(classes: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """Find class names that a package defines twice. ``classes``: (package, class name) → places as ``path:line``."""
    return [
        f"{places[-1]}: class {name} is also defined at {places[0]}; give each its own name"
        for (_, name), places in classes.items()
        if len(places) > 1
    ]


def _functions_everywhere(functions: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """Find names that too many modules define. ``functions``: (package, function name) → places as ``path:line``."""
    return [
        f"{places[-1]}: def {name} is defined in {len(places)} modules of {package}; use a more specific name"
        for (package, name), places in functions.items()
        if len(places) > MOST_DEFINITIONS and name not in MANY_MODULES
    ]


def _clocks(name: str, tree: ast.AST) -> list[str]:
    imported = _imported_names(tree)
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)} reads the system clock; use a slm_chassis Clock"
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
    """Return local name → what it refers to, for ``from time import time as t`` and ``import datetime as dt``."""
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
            found.append(f"{name}:{number}: the chassis must not use the domain's word {word[0]!r}")
    return found


def main() -> int:
    """Print the violations and return the exit code."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    found = violations(root)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"house rules: {len(found)} broken" if found else "house rules: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
