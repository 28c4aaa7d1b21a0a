"""Write docs/guides/connect.md, the table of everything that can be connected: ``make docs``.

The rows are data beside the code: ``connections.yaml`` in the folder of each distribution, and a row for every tool in
``shared/mappings/src/slm_mappings/connectors``. What a row says of tests is checked: each named test must exist.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/guides/connect.md"
SOURCES = "*/*/connections.yaml"
TOOLS = "shared/mappings/src/slm_mappings/connectors/*/connector.yaml"
PULLS = "shared/mappings/src/slm_mappings/connectors/*/pull/pull.yaml"
PULL_PAGE = "guides/pulls.md"
TOOL_TEST = "tests/unit/mappings/test_connectors.py::test_every_example_is_mapped_to_what_stands_beside_it"
RECIPE_TEST = (
    "tests/unit/mappings/test_pull_recipes.py"
    "::test_an_answer_is_mapped_to_what_stands_beside_it_and_to_what_the_webhook_brings"
)
SAMPLE_PAGE = "guides/samples-from-prometheus.md#asked-where-it-cannot-send"
SAMPLE_TESTS = {
    "real process": (
        "tests/integration/slm/test_pull_from_prometheus.py"
        "::test_every_sample_is_stored_once_over_kills_of_the_service_and_gaps_of_both",
    ),
    "simulation": (
        "tests/integration/monitor/test_pulls_of_samples.py"
        "::test_everything_since_an_instant_is_read_piece_by_piece_and_then_only_what_is_new",
    ),
}
DOCUMENT_TESTS = {
    "simulation": (
        "tests/unit/mappings/test_pull_recipes.py::test_a_document_is_mapped_to_what_stands_beside_it",
        "tests/integration/monitor/test_pulls_of_outages.py"
        "::test_an_incident_is_an_outage_that_ends_and_what_has_not_changed_is_not_sent_again",
    )
}
PULL_TESTS = {
    "servicenow": (
        "tests/integration/monitor/test_pulls.py::test_a_ticket_is_followed_and_asking_again_changes_nothing",
        "tests/e2e/test_pull_kills.py::test_kills_lose_no_ticket_and_double_no_event",
    ),
    "jira": ("tests/integration/monitor/test_pulls_of_others.py::test_a_ticket_is_followed_until_its_end",),
    "zammad": ("tests/integration/monitor/test_pulls_of_others.py::test_a_ticket_is_followed_until_its_end",),
}
"""Dialect → tests with the simulated tool."""
TOOL_PAGE = "guides/webhooks-in.md"

DIRECTIONS = {"in": "What comes in", "out": "What goes out"}
EVIDENCE = {
    "real process": "the tool itself, or a client that others wrote, runs in the test",
    "public fixtures": "data that the tool wrote and somebody published, or messages of the tool's own library",
    "simulation": "we made the data, after the tool's public documentation",
}
"""How a connection is tested, the strongest first."""
LEVELS = {
    "core": "what the product is built on; a release without it does not happen",
    "supported": "kept compatible from release to release",
    "experimental": "not yet seen with the real tool in a test: tell us what does not fit",
}
ENOUGH = {"core": ("real process",), "supported": ("real process", "public fixtures"), "experimental": tuple(EVIDENCE)}
"""Level → the kinds of tests of which it needs one."""
_FIELDS = {"tool", "carries", "direction", "by", "page", "level", "tested"}


@dataclass(frozen=True, slots=True)
class Connection:
    """A row of the table. ``tested``: kind of test → tests as ``file::function``; ``place``: file that has the row."""

    tool: str
    carries: str
    direction: str
    by: str
    page: str
    level: str
    tested: Mapping[str, tuple[str, ...]]
    place: str


def connections(root: Path) -> list[Connection]:
    """Return all connections of a checkout. Raises ValueError, naming the file, for a row that cannot be read."""
    found = []
    for path in sorted(root.glob(SOURCES)):
        place = path.relative_to(root).as_posix()
        found += [_connection(row, place) for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    for path in sorted(root.glob(TOOLS)):
        found.append(_tool(path, path.relative_to(root).as_posix()))
    for path in sorted(root.glob(PULLS)):
        found.append(_pull(path, path.relative_to(root).as_posix()))
    return found


def _connection(row: Any, place: str) -> Connection:
    if not isinstance(row, dict) or row.keys() != _FIELDS or not isinstance(row["tested"], dict):
        raise ValueError(f"{place}: a row has the fields {', '.join(sorted(_FIELDS))}; this one is {row}")
    tested = {how: tuple(tests) for how, tests in row["tested"].items()}
    return Connection(**{**row, "tested": tested}, place=place)


def _tool(path: Path, place: str) -> Connection:
    """Return the row of a tool that sends webhooks to us. ``path`` is the ``connector.yaml`` in the tool's folder."""
    described = yaml.safe_load(path.read_text(encoding="utf-8"))
    mapping = yaml.safe_load((path.parent / "mapping.yaml").read_text(encoding="utf-8"))
    by = f"webhooks, {described['authentication']['kind']}"
    tested = {"simulation": (TOOL_TEST,)}
    return Connection(described["title"], mapping["kind"], "in", by, TOOL_PAGE, "experimental", tested, place)


def _pull(path: Path, place: str) -> Connection:
    """Return the row of a tool that we ask for its tickets, samples or outages. ``path`` is its ``pull.yaml``."""
    recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    if recipe["dialect"] == "promql":
        by = "asked with `query_range`"
        what, level = "samples of a query", "supported"
        return Connection(recipe["title"], what, "in", by, SAMPLE_PAGE, level, SAMPLE_TESTS, place)
    if recipe["dialect"] == "document":
        by, page = "asked for its public list, with ETag", f"{PULL_PAGE}#status-pages"
        return Connection(recipe["title"], "outages", "in", by, page, "experimental", DOCUMENT_TESTS, place)
    tested = {"simulation": (RECIPE_TEST, *PULL_TESTS.get(recipe["dialect"], ()))}
    return Connection(
        recipe["title"], "tickets", "in", "asked over its REST API", PULL_PAGE, "experimental", tested, place
    )


def flaws(root: Path, rows: Iterable[Connection]) -> list[str]:
    """Return what is wrong with the rows: unknown words, pages and tests that do not exist, too little evidence."""
    return [f"{row.place}, {row.tool}: {flaw}" for row in rows for flaw in _flaws_of(root, row)]


def _flaws_of(root: Path, row: Connection) -> list[str]:
    found = [
        f"{name} {word!r}; write {' or '.join(known)}"
        for name, word, known in (("direction", row.direction, DIRECTIONS), ("level", row.level, LEVELS))
        if word not in known
    ]
    found += [f"tested as {how!r}; write {', '.join(EVIDENCE)}" for how in row.tested if how not in EVIDENCE]
    if not (root / "docs" / row.page.partition("#")[0]).is_file():
        found.append(f"there is no page docs/{row.page}")
    found += [
        f"there is no test {test}" for tests in row.tested.values() for test in tests if not _test_exists(root, test)
    ]
    if not any(row.tested.get(how) for how in ENOUGH.get(row.level, EVIDENCE)):
        found.append(f"{row.level} needs a test of {' or '.join(ENOUGH.get(row.level, EVIDENCE))}")
    return found


def _test_exists(root: Path, test: str) -> bool:
    file, _, name = test.partition("::")
    if not name.startswith("test_") or not (root / file).is_file():
        return False
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name for node in tree.body)


def page(rows: Iterable[Connection]) -> str:
    """Return the page's text."""
    listed = sorted(rows, key=lambda row: (list(LEVELS).index(row.level), row.tool.lower(), row.by))
    lines = [
        "# Connect what you run",
        "",
        "Everything that can be connected, in and out: how, how it is tested, and how far you can rely on it. Each row "
        "leads to its page, and to the files of its tests.",
        "Generated by `make docs` from `connections.yaml` beside the code; do not edit.",
        "",
        "| level | |",
        "|---|---|",
        *(f"| {level} | {meaning} |" for level, meaning in LEVELS.items()),
        "",
        "| tested with | |",
        "|---|---|",
        *(f"| {how} | {meaning} |" for how, meaning in EVIDENCE.items()),
    ]
    for direction, title in DIRECTIONS.items():
        lines += ["", f"## {title}", "", "| tool | what | how | level | tested with |", "|---|---|---|---|---|"]
        lines += [_line(row) for row in listed if row.direction == direction]
    return "\n".join(lines) + "\n"


def _line(row: Connection) -> str:
    address = row.page.removeprefix("guides/") if row.page.startswith("guides/") else f"../{row.page}"
    tests = ", ".join(
        f"{how} ({', '.join(_test_link(test, number) for number, test in enumerate(row.tested[how], start=1))})"
        for how in EVIDENCE
        if row.tested.get(how)
    )
    return f"| [{row.tool}]({address}) | {row.carries} | {row.by} | {row.level} | {tests} |"


def _test_link(test: str, number: int) -> str:
    file, _, name = test.partition("::")
    return f'[{number}](../../{file} "{name}")'


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the page, or only compare it if the argument is ``check``. Print what is wrong, and return 1 if anything
    is.
    """
    rows = connections(root)
    wrong = flaws(root, rows)
    if "check" not in arguments:
        (root / PAGE).write_text(page(rows), encoding="utf-8")
    elif (root / PAGE).read_text(encoding="utf-8") != page(rows):
        wrong.append(f"{PAGE} is not what the connections say: run `make docs` and commit what it writes")
    for flaw in wrong:
        print(flaw, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
