"""Find where an event is defined, created and handled: ``make where E=TargetBreached``."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slm_events import catalogue
from slm_events.catalogue import EventType
from slm_notification.domain.endpoints import SENT

ROOT = Path(__file__).resolve().parents[1]
CONTEXTS = ("agreement", "monitor", "report", "review", "notification")


class UnknownEvent(LookupError):
    """No published event has this name or type."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file and a description of it."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}  {self.text}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The places in the code where an event is defined, created and handled."""

    row: EventType
    defined: Place
    created: list[Place] = field(default_factory=list)
    handled: dict[str, list[Place]] = field(default_factory=dict)
    """Context → the entry in its table of subscriptions, or the chassis module that reads the whole topic."""


def find(name: str, root: Path = ROOT) -> Answer:
    """Find an event by class name or published type. Raises UnknownEvent, which names similar ones."""
    row = published(name)
    context = row.type.split(".")[1]
    rooms = [_source(root, context) / room for room in ("domain", "application")]
    if row.topic is catalogue.ACCESS:
        # Every service may announce a key of its own, by the same code.
        rooms.append(root / "shared/chassis/src")
    return Answer(
        row,
        _definition(row, root),
        _creations(row, rooms, root),
        listeners(row, root),
    )


def listeners(row: EventType, root: Path = ROOT) -> dict[str, list[Place]]:
    """Return context → the places where it handles the event, without contexts that do not."""
    return {context: places for context in CONTEXTS if (places := _handlers(row, context, root))}


def published(name: str) -> EventType:
    """Return the catalogue's row for a class name or type. Raises UnknownEvent."""
    rows = {row.event.__name__: row for row in catalogue.PUBLISHED.values()}
    row = rows.get(name) or catalogue.BY_TYPE.get(name)
    if row is None:
        near = difflib.get_close_matches(name, [*rows, *catalogue.BY_TYPE], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; docs/reference/events.md lists them all"
        raise UnknownEvent(f"no published event is called {name!r}{hint}")
    return row


def report(answer: Answer) -> Iterator[str]:
    """Yield the answer as lines of text."""
    row = answer.row
    yield f"{row.event.__name__}  {row.type}  on {row.topic.name}, keyed by {row.key_field}"
    yield f"  defined  {answer.defined}"
    yield from _listed("created", answer.created, "nowhere yet")
    if not answer.handled:
        yield "  handled  by no service; others may read the topic"
    for context, places in answer.handled.items():
        yield from _listed("handled", places, "", prefix=f"{context}-svc: ")


def _listed(label: str, places: list[Place], none: str, prefix: str = "") -> Iterator[str]:
    if not places:
        yield f"  {label:<8} {none}"
    for place in places:
        yield f"  {label:<8} {prefix}{place}"


def _source(root: Path, context: str) -> Path:
    return root / "services" / f"{context}-svc" / "src" / f"slm_{context}"


def _definition(row: EventType, root: Path) -> Place:
    path = root / "shared/events/src" / Path(*row.event.__module__.split(".")).with_suffix(".py")
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef) and node.name == row.event.__name__:
            return _place(path, root, node, (row.event.__doc__ or "").split("\n")[0])
    raise UnknownEvent(f"{row.event.__name__} is published but not defined in {path}")


def _creations(row: EventType, rooms: list[Path], root: Path) -> list[Place]:
    """Find where the event's class is called; if nowhere, the places that pass the class to code that calls it."""
    name = row.event.__name__
    files = [path for room in rooms for path in _files_with(name, room)]
    mentions = [(path, mention) for path in files for mention in _mentions(_tree(path), name)]
    built = [_place(path, root, node, f"in {scope}") for path, (scope, node, called) in mentions if called]
    return built or [_place(path, root, node, f"by way of {scope}") for path, (scope, node, _) in mentions]


def _mentions(tree: ast.AST, name: str, scope: str = "the module") -> Iterator[tuple[str, ast.AST, bool]]:
    """Yield each use of a class as a value: the function or class around it, the node, and whether it is a call."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and _last_name(node.func) == name:
            yield scope, node, True
        elif isinstance(node, ast.Name | ast.Attribute) and _last_name(node) == name and not _is_type(node, tree):
            yield scope, node, False
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else scope
        yield from _mentions(node, name, inner)


def _is_type(node: ast.AST, parent: ast.AST) -> bool:
    """Whether a name is used only as a type: annotations, unions of types, ``isinstance``, ``case``."""
    if isinstance(parent, ast.arg | ast.AnnAssign | ast.Subscript | ast.BinOp | ast.MatchClass):
        return not (isinstance(parent, ast.AnnAssign) and node is parent.value)
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        return node is parent.returns
    return isinstance(parent, ast.Call) and (node is parent.func or _last_name(parent.func) == "isinstance")


def _takers_of_all(name: str, path: Path, root: Path) -> Iterator[Place]:
    """Yield where the module assigns the table ``name``, which is made of all events that can be sent."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.AnnAssign) and _last_name(node.target) == name:
            yield _place(path, root, node, "as every event that can be sent")


def _handlers(row: EventType, context: str, root: Path) -> list[Place]:
    path = _source(root, context) / "subscriptions.py"
    found = list(_entries(row, path, root)) if path.exists() else []
    if context == "notification" and path.exists() and row.type in SENT:
        found += _takers_of_all("EVENTS", path, root)
    if row.topic is catalogue.ACCESS:
        found += _followers("ACCESS", root)
    return found


def _entries(row: EventType, path: Path, root: Path) -> Iterator[Place]:
    """Find the entries ``Event: handler`` in the table of subscriptions."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Dict):
            for key, handler in zip(node.keys, node.values, strict=True):
                if key is not None and _last_name(key) == row.event.__name__:
                    yield _place(path, root, key, f"→ {ast.unparse(handler)}")


def _followers(topic: str, root: Path) -> Iterator[Place]:
    """Find the chassis modules that run in every service and read a whole topic."""
    for path in _files_with(topic, root / "shared/chassis/src"):
        uses = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Name) and node.id == topic]
        if uses:
            yield _place(path, root, uses[0], "follows the whole topic")


def _last_name(expression: ast.expr) -> str:
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _files_with(word: str, folder: Path) -> Iterator[Path]:
    """Yield the Python files that contain the word, since parsing all files is slow."""
    return (path for path in sorted(folder.rglob("*.py")) if word in path.read_text(encoding="utf-8"))


def _tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _place(path: Path, root: Path, node: ast.AST, text: str) -> Place:
    return Place(path.relative_to(root).as_posix(), getattr(node, "lineno", 1), text)


def main() -> int:
    """Print the places of the event in the arguments and return the exit code."""
    if len(sys.argv) != 2:
        print("where: name one event, e.g. make where E=TargetBreached", file=sys.stderr)
        return 2
    try:
        print(*report(find(sys.argv[1])), sep="\n")
    except UnknownEvent as unknown:
        print(f"where: {unknown}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
