"""The console says what customers say: no template and no text of a view has a word of the API."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(str(files("slm_console")))
WORDS = (
    "window", "indicator", "burn rate", "error budget", "budget consumed", "certain_at", "withdrawn_at", "restated",
    "exclusion", "derivation", "explanation", "raw actual", "agreed actual", "countered", "finalized", "up_to",
    "principal", "quarantine", "dead letter", "SLAM", "watermelon", "variance", "standing",
    "snooze", "snoozed", "places? changed", "doubt", "count after all", "Disagree",
)  # fmt: skip
"""Words of the API of which the console has its own, and words at which readers had to guess."""
_TRANSLATED = re.compile(r"{%-? *trans[^%]*%}(.*?){%-? *endtrans", re.DOTALL)
_CALLED = re.compile(r"""(?:gettext|_)\(\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')""")
_PLURALS = re.compile(r"""ngettext\(\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)\"""", re.DOTALL)


def texts() -> list[tuple[str, str]]:
    """Every text that goes through the catalogue, with its file."""
    found = []
    for path in [*ROOT.rglob("*.html"), *ROOT.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        for pattern in (_TRANSLATED, _CALLED, _PLURALS):
            for match in pattern.finditer(text):
                found += [(name, re.sub(r"{{.*?}}|%\(\w+\)s", "", each)) for each in match.groups() if each]
    return found


def test_there_are_texts_to_check() -> None:
    assert len(texts()) > 200


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_api_is_on_no_page(word: str) -> None:
    pattern = re.compile(rf"\b{word}s?\b", re.IGNORECASE)
    assert [(name, text) for name, text in texts() if pattern.search(text)] == []


def test_no_text_of_a_template_goes_past_the_catalogue() -> None:
    wrong = []
    for path in ROOT.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{%-? *trans.*?endtrans *-?%}|{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
        for shown in re.findall(r">([^<]*)<", text):
            letters = re.sub(r"&\w+;|Ctrl K|Esc|Enter|\W|\d", "", shown)
            if len(letters) > 1:
                wrong.append((path.name, shown.strip()))
    assert wrong == []
