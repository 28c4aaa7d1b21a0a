"""The documents hang together: links lead somewhere, and the index of decision records names each of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
INDEX = DECISIONS / "README.md"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").glob("*/*.md"),
     *(ROOT / "deploy").rglob("*.md")]
)  # fmt: skip
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^\* \[(\d{4})\]\(([^)]+)\) (.*)$", re.MULTILINE)


def anchors_of(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    text = FENCED.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_numbers_of_decision_records_are_unique_and_in_their_titles() -> None:
    numbers = Counter(record.name[:4] for record in RECORDS)
    assert [number for number, count in numbers.items() if count > 1] == []
    for record in RECORDS:
        assert record.read_text(encoding="utf-8").startswith(f"# {record.name[:4]} "), record.name


def test_the_index_has_every_decision_record_once_with_its_title() -> None:
    entries = ENTRY.findall(INDEX.read_text(encoding="utf-8"))
    assert Counter(name for _, name, _ in entries) == Counter(record.name for record in RECORDS)
    for number, name, title in entries:
        lines = (DECISIONS / name).read_text(encoding="utf-8").splitlines()
        replaced = [line for line in lines[1:4] if line.startswith("Replaced by")]
        note = f" (r{replaced[0][1:].rstrip('.')})" if replaced else ""
        assert f"# {number} {title}" == lines[0] + note


def test_the_readme_links_every_guide() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    guides = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "guides").glob("*.md")}
    assert guides | {"docs/reference/terms.md", "docs/glossary.md", "docs/decisions/README.md"} <= linked
