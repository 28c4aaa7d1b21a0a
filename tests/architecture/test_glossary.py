"""The glossary speaks of what there is: classes, tables, events on their topics, labels on the screen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from slm_events.catalogue import PUBLISHED

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "agr": "services/agreement-svc/src/slm_agreement",
    "mon": "services/monitor-svc/src/slm_monitor",
    "rep": "services/report-svc/src/slm_report",
    "rev": "services/review-svc/src/slm_review",
    "not": "services/notification-svc/src/slm_notification",
    "cal": "shared/calendar/src/slm_calendar",
}
TOPICS = {row.event.__name__: row.topic.name for row in PUBLISHED.values()}
SCREENS = (
    "services/console/src/slm_console",
    "services/report-svc/src/slm_report",
)


def rows() -> list[list[str]]:
    """Term, meaning, class, table, event, screen of every row."""
    things, _ = page()
    return cells(things)


def engine_rows() -> list[list[str]]:
    """Word, meaning, package, class of every word of the engine."""
    _, engine = page()
    return cells(engine)


def page() -> tuple[str, str]:
    """The glossary up to the words of the engine, and from them on."""
    things, _, engine = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").partition("## Words of the engine")
    return things, engine


def cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| Term", "| Word"))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(column: int, pattern: str) -> Iterator[tuple[str, ...]]:
    """What a column names, with the row's term."""
    for row in rows():
        for found in re.findall(pattern, row[column]):
            yield (row[0], *((found,) if isinstance(found, str) else found))


@cache
def classes(context: str) -> set[str]:
    room = ROOT / SOURCES[context] / ("" if context == "cal" else "domain")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in room.rglob("*.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


@cache
def tables(context: str) -> set[str]:
    files = [
        *(ROOT / SOURCES[context]).glob("migrations/versions/*.py"),
        *(ROOT / SOURCES[context]).glob("adapters/*tables.py"),
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(r"CREATE TABLE (\w+)", text)) | set(re.findall(r"Table\(\s*\"(\w+)\"", text))


@cache
def screens() -> str:
    files = [path for place in SCREENS for path in [ROOT / place, *(ROOT / place).rglob("*")] if path.is_file()]
    return "\n".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".html", ".js", ".py"))


def test_every_row_has_its_six_cells_and_every_term_its_one_row() -> None:
    assert {len(row) for row in rows()} == {6}
    terms = [row[0] for row in rows()]
    assert len(terms) == len(set(terms))


@pytest.mark.parametrize(("term", "context", "name"), list(named(2, r"(\w+) `(\w+)`")))
def test_a_class_is_a_class_of_that_domain(term: str, context: str, name: str) -> None:
    assert name in classes(context), f"{term}: {SOURCES[context]} has no class {name}"


@pytest.mark.parametrize(("term", "context", "name"), list(named(3, r"(\w+) `(\w+)`")))
def test_a_table_is_a_table_of_that_service(term: str, context: str, name: str) -> None:
    assert name in tables(context), f"{term}: {SOURCES[context]} has no table {name}"


def test_an_event_is_on_the_topic_named() -> None:
    for row in rows():
        if row[4]:
            *events, topic = re.findall(r"`([\w.-]+)`", row[4])
            assert {TOPICS.get(event) for event in events} == {topic}, row[0]


@pytest.mark.parametrize(("term", "label"), list(named(5, r"\"([^\"]+)\"")))
def test_a_label_stands_on_a_screen(term: str, label: str) -> None:
    assert label in screens(), f"{term}: no screen says {label!r}"


def test_every_word_of_the_engine_names_a_class_of_its_package() -> None:
    assert len(engine_rows()) > 20
    for word, meaning, package, name in engine_rows():
        folder = ROOT / SOURCES["mon"] / package.strip("`").replace(".", "/")
        trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")]
        found = {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
        assert name.strip("`") in found, f"{word}: {package} has no class {name}"
        assert meaning
