"""Figures about the structure of the code: folders, imports, names and sizes.

``python -m tools.structure [root]`` (``make structure``) prints them. ``root`` is any checkout, so that two commits can
be compared; the default is this one. Nothing of the checkout is imported or run.

*Product sources* are the Python files of ``shared/*/src``, ``services/*/src`` and ``deploy/standalone/src``. The *whole
tree* also includes ``tests`` and ``tools``. The function that counts a figure documents how.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("shared/*/src", "services/*/src", "deploy/standalone/src")
SURROUNDINGS = ("tests", "tools")
SHOWN_IN_FULL = "slm_monitor"
"""The package whose folders and imports are all listed; of other packages only the largest are listed."""

MOST_PARAMETERS = 6
MOST_LINES = 400
UNLIMITED = {"migrations.versions": "a chronological list: a migration that has run is neither changed nor moved"}
"""The end of a package's name → why its folder may have any number of modules."""
STATE = "request.app.state"
SKIP = "fmt: skip"


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file of the product: its dotted name, its path and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """Dotted name of the folder that contains the module. A package's ``__init__`` belongs to the package
        itself.
        """
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def service(self) -> str:
        """The first part of the dotted name, such as ``slm_monitor``."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method: its name and place, the number of its parameters without ``self`` and ``cls``, and its
    lines.
    """

    name: str
    place: str
    parameters: int
    lines: int


def product_modules(root: Path) -> list[Module]:
    """Return every module of the product sources under ``root``."""
    found = []
    for source in _folders(root, PRODUCT):
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path))))
    return found


def python_files(root: Path, patterns: Sequence[str]) -> list[Path]:
    """Return the Python files in the folders that match ``patterns``."""
    return [path for folder in _folders(root, patterns) for path in sorted(folder.rglob("*.py"))]


def modules_per_folder(modules: Iterable[Module]) -> Counter[str]:
    """Return package → number of modules directly in its folder, without ``__init__.py``."""
    return Counter(module.package for module in modules if module.path.name != "__init__.py")


def imports(modules: Sequence[Module]) -> set[tuple[str, str]]:
    """Return the pairs (importer, imported) of product modules. Several imports of the same module make one pair.

    ``from a.b import c`` imports the module ``a.b.c`` if there is one, else ``a.b``. Imports within functions and under
    TYPE_CHECKING count, since a reader has to follow them too.
    """
    known = {module.name for module in modules}
    found: set[tuple[str, str]] = set()
    for module in modules:
        for target in _imported(module, known):
            if target != module.name:
                found.add((module.name, target))
    return found


def reason_for_size(package: str) -> str | None:
    """Return why the folder of a package may have any number of modules; None if the number is limited."""
    return next((reason for end, reason in UNLIMITED.items() if f".{package}".endswith(f".{end}")), None)


def arrows_per_package(modules: Sequence[Module]) -> Counter[str]:
    """Return package → number of imports between two modules directly in its folder."""
    home = {module.name: module.package for module in modules if module.path.name != "__init__.py"}
    return Counter(
        home[importer] for importer, imported in imports(modules) if home.get(importer, "-") == home.get(imported)
    )


def arrows_between_packages(modules: Sequence[Module]) -> Counter[str]:
    """Return package → number of ordered pairs (a, b) of its sub-packages in which a imports from b."""
    home = {module.name: module.package for module in modules}
    pairs: set[tuple[str, str, str]] = set()
    for importer, imported in imports(modules):
        one, other = home[importer].split("."), home[imported].split(".")
        shared = 0
        while shared < min(len(one), len(other)) and one[shared] == other[shared]:
            shared += 1
        if shared < min(len(one), len(other)):
            pairs.add((".".join(one[:shared]), one[shared], other[shared]))
    return Counter(parent for parent, _, _ in pairs if parent)


def repeated_classes(modules: Iterable[Module]) -> dict[str, dict[str, list[str]]]:
    """Return service → class name → modules, for names that several modules define at their top level."""
    places: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef):
                places[module.service][node.name].append(module.name)
    return {
        service: {name: where for name, where in sorted(names.items()) if len(where) > 1}
        for service, names in sorted(places.items())
    }


def with_many_parameters(found: Iterable[Function]) -> list[Function]:
    """Return the functions that have more than six parameters, those with the most first."""
    return sorted((each for each in found if each.parameters > MOST_PARAMETERS), key=lambda each: -each.parameters)


def functions(modules: Iterable[Module], root: Path) -> list[Function]:
    """Return every function and method, including nested ones. Lines run from ``def`` to the end, without
    decorators.
    """
    return [
        Function(
            node.name,
            f"{module.path.relative_to(root).as_posix()}:{node.lineno}",
            _parameters(node.args),
            (node.end_lineno or node.lineno) - node.lineno + 1,
        )
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def state_look_ups(modules: Iterable[Module]) -> tuple[Counter[str], Counter[str]]:
    """Return two counts by service: uses of a name on ``request.app.state``, and uses of that object as a whole."""
    names: Counter[str] = Counter()
    wholes: Counter[str] = Counter()
    for module in modules:
        look_ups = {
            node.value
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)
        }
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr == "state" and ast.unparse(node) == STATE:
                (names if node in look_ups else wholes)[module.service] += 1
    return names, wholes


def skipped_lines(files: Iterable[Path]) -> int:
    """Return the number of comments that switch the formatter off for a statement."""
    texts = (path.read_text(encoding="utf-8") for path in files)
    return sum(
        1
        for text in texts
        if SKIP in text  # Tokens are slow to come by, and few files have such a comment.
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and SKIP in token.string
    )


def long_files(files: Iterable[Path], root: Path) -> list[tuple[int, str]]:
    """Return (lines, path) of each file with more than 400 lines, the longest first."""
    lengths = ((len(path.read_text(encoding="utf-8").splitlines()), path) for path in files)
    return sorted(((n, path.relative_to(root).as_posix()) for n, path in lengths if n > MOST_LINES), reverse=True)


def quantile(values: Sequence[int], share: tuple[int, int]) -> int:
    """Return the value at position ⌊n · share⌋ of the sorted values; 0 if there are none."""
    position = len(values) * share[0] // share[1]
    return sorted(values)[min(position, len(values) - 1)] if values else 0


def report(root: Path) -> Iterator[str]:
    """Yield the figures as lines of text."""
    modules = product_modules(root)
    product, everything = python_files(root, PRODUCT), python_files(root, (*PRODUCT, *SURROUNDINGS))
    yield from _folders_and_arrows(modules)
    yield from _classes(modules)
    found = functions(modules, root)
    many = with_many_parameters(found)
    yield f"functions with more than {MOST_PARAMETERS} parameters: {len(many)} of {len(found)}"
    yield from (f"  {each.parameters:4}  {each.name}  {each.place}" for each in many[:5])
    lengths = [each.lines for each in found]
    p50, p90, p99 = (quantile(lengths, share) for share in ((1, 2), (9, 10), (99, 100)))
    yield f"lines of functions: p50 {p50}, p90 {p90}, p99 {p99}, most {max(lengths, default=0)}"
    names, wholes = state_look_ups(modules)
    yield f"look-ups of a name on {STATE}: {_by_service(names)}; taken as a whole: {_by_service(wholes)}"
    yield f"# {SKIP}: {skipped_lines(product)} in the product, {skipped_lines(everything)} in the whole tree"
    long = long_files(everything, root)
    yield f"files over {MOST_LINES} lines in the whole tree: {len(long)}"
    yield from (f"  {lines:4}  {path}" for lines, path in long)


def _folders_and_arrows(modules: Sequence[Module]) -> Iterator[str]:
    sizes, inside, between = modules_per_folder(modules), arrows_per_package(modules), arrows_between_packages(modules)
    largest, busiest = (max(each.items(), key=lambda item: item[1], default=("-", 0)) for each in (sizes, inside))
    yield f"largest folder: {largest[0]}, {largest[1]} modules; most arrows in one: {busiest[0]}, {busiest[1]}"
    yield "modules, arrows between them, arrows between sub-packages"
    for package in sorted(sizes.keys() | inside.keys() | between.keys()):
        if package.split(".")[0] == SHOWN_IN_FULL or inside[package] >= 20:
            reason = reason_for_size(package)
            remark = f"  ({reason})" if reason else ""
            yield f"  {sizes[package]:4} {inside[package]:4} {between[package]:4}  {package}{remark}"


def _classes(modules: Sequence[Module]) -> Iterator[str]:
    repeated = repeated_classes(modules)
    counts = {service: len(names) for service, names in repeated.items() if names}
    yield f"class names that occur twice within one service: {_by_service(counts)}"
    for service, names in repeated.items():
        yield from (f"  {service}: {name}  {', '.join(where)}" for name, where in names.items())


def _by_service(counts: dict[str, int]) -> str:
    parts = ", ".join(f"{service} {number}" for service, number in sorted(counts.items()))
    return f"{sum(counts.values())}" + (f" ({parts})" if parts else "")


def _folders(root: Path, patterns: Sequence[str]) -> list[Path]:
    return [folder for pattern in patterns for folder in sorted(root.glob(pattern)) if folder.is_dir()]


def _parameters(arguments: ast.arguments) -> int:
    named = [*arguments.posonlyargs, *arguments.args]
    bound = 1 if named and named[0].arg in ("self", "cls") else 0
    return len(named) - bound + len(arguments.kwonlyargs)


def _imported(module: Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                if inner in known or source in known:
                    yield inner if inner in known else source
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.package.split(".")
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def main() -> int:
    """Print the figures."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    print(*report(root), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
