"""Collect the examples of answers from the recorded scenario: ``python -m tools.openapi.examples CONTEXT …``.

For each service given, ``api/answers.json`` is written: operationId → a successful recorded answer, with ids instead of
placeholders and only the first items of lists. An operation that the scenario never calls, or of which it sees empty
lists only, keeps its example.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from slm.contexts import document_of
from slm_chassis.http.document import ANSWERS, document_operations

ROOT = Path(__file__).resolve().parents[2]
RECORDING = ROOT / "tests/recorded/whole/answers.jsonl.gz"
_PLACEHOLDER = re.compile(r"<(id|hash|key|token) (\d+)>")
_ITEMS = 2
_COMFORTABLE = 6_000
"""The most characters of an example that a reader can take in without much scrolling."""


def file_of(context: str) -> Path:
    """Return the path of a service's examples."""
    return ROOT / f"services/{context}-svc/src/slm_{context}/api/{ANSWERS}"


def examples_of(document: Mapping[str, Any], recording: list[Any]) -> dict[str, Any]:
    """Return operationId → example, chosen from the recorded answers.

    Among answers that are not too long, the answer with the most filled fields is chosen. If all answers are too long,
    the shortest answer is chosen.
    """
    found: dict[str, list[Any]] = {}
    known = [(path, method, each["operationId"]) for path, method, each in document_operations(document)]
    # A path without parameters goes before one whose parameter would take it.
    known.sort(key=lambda each: each[0].count("{"))
    patterns = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), method, name) for path, method, name in known]
    for entry in recording:
        request, answer = entry["request"], entry["answer"]
        if 200 <= answer["status"] < 300 and answer["headers"].get("content-type") == "application/json":
            method = request["method"].lower()
            name = next((each for path, of, each in patterns if of == method and path.fullmatch(request["path"])), None)
            if name is not None and isinstance(answer["body"], dict | list):
                found.setdefault(name, []).append(_shortened(answer["body"]))
    return {name: _with_ids(max(answers, key=_worth)) for name, answers in sorted(found.items())}


def _worth(answer: Any) -> tuple[int, int]:
    size = len(json.dumps(answer))
    return (len(set(_filled(answer, ""))), -size) if size <= _COMFORTABLE else (0, -size)


def _filled(value: Any, path: str) -> Iterator[str]:
    """Yield the paths of all values that are not empty."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _filled(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _filled(inner, f"{path}[]")
    elif value not in (None, ""):
        yield path


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shortened(inner) for name, inner in value.items()}
    return [_shortened(inner) for inner in value[:_ITEMS]] if isinstance(value, list) else value


def _with_ids(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(_PLACEHOLDER.sub(lambda found: _instead(found[1], int(found[2])), text))


def _instead(kind: str, number: int) -> str:
    if kind == "id":
        return f"0193a5c0-7a00-7000-8000-{number:012}"
    if kind == "hash":
        return hashlib.sha256(str(number).encode()).hexdigest()
    return f"slm_{'An-example-and-no-key':0<43}" if kind == "key" else f"WyJleGFtcGxlIiw{number}XQ"


def main() -> int:
    """Write the examples of the services named in the arguments."""
    with gzip.open(RECORDING, "rt", encoding="utf-8") as lines:
        recording = [json.loads(line) for line in lines]
    for context in sys.argv[1:]:
        document = document_of(context)
        names = {each["operationId"] for _, _, each in document_operations(document)}
        file = file_of(context)
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        kept = {name: example for name, example in before.items() if name in names}
        found = examples_of(document, recording)
        # An empty list shows nothing of its items.
        shown = {name: answer for name, answer in found.items() if name not in kept or answer.get("items") != []}
        examples = kept | shown
        text = json.dumps(examples, indent=1, sort_keys=True, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")
        print(f"{context}: {len(examples)} examples, {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
