"""Every construct of the mapping language with an input that is meant to hurt: refused by name, or read in bounds.

A mapping comes over the API from one party, and its payloads from that party's tool. Both are tried in a service that
other parties share, so what one payload costs must not depend on how cleverly the two are chosen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from slm_mappings import payloads
from slm_mappings.mapped_payloads import MappedPayload, map_payload
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.messages import ImportRefused

TICKETS = """
kind: tickets
source: desk
records: {format: json, items: tickets}
columns: {ticket: no, opened_at: opened, updated_at: changed}
present: {state: state}
states:
  open: {state: open}
"""
OUTAGES = """
kind: outages
source: page
records: {format: json, items: outages}
id: id
begins: from
ends: to
indicator: {column: names, key: "{slug}"}
"""
OPEN: dict[str, Any] = {"no": 1, "opened": "2026-11-05T08:00Z", "changed": "2026-11-05T09:00Z", "state": "open"}
DOWN: dict[str, Any] = {"id": "1", "from": "2026-11-05T08:00Z", "to": "2026-11-05T09:00Z", "names": ["a"]}
SECONDS = 3.0
"""Seconds of this process that the slowest case may take: it takes a third of that, a fault makes it take a minute."""
LARGEST = 20_000_000
"""Characters of the largest result of a payload of a megabyte."""


def attributes(*columns: str) -> str:
    return TICKETS + "attributes:\n" + "".join(f"  a{number}: {each}\n" for number, each in enumerate(columns))


def tickets(*more: dict[str, Any]) -> dict[str, Any]:
    return {"tickets": [OPEN | each for each in more]}


def outages(*more: dict[str, Any]) -> dict[str, Any]:
    return {"outages": [DOWN | each for each in more]}


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = [inner, inner] if depth < 16 else [inner]
    return inner


def states_called_values() -> str:
    entries = ", ".join(f"{{state: s{n}, when: {{wide.b: x{n}}}}}" for n in range(1_200))
    return TICKETS + f"  values: [{entries}]\n"


COSTLY: dict[str, Callable[[], tuple[str, Any]]] = {
    "a path of thousands of parts through a long list": lambda: (
        attributes("wide" + ".b" * 400),
        tickets({"wide": [{}] * 40_000}),
    ),
    "thousands of such paths": lambda: (
        attributes(*["wide" + ".b" * 20] * 900),
        tickets({"wide": [{"b": 1}] * 20_000}),
    ),
    "names with dots in every way": lambda: (
        attributes("x" + ".x" * 400),
        tickets({".".join("x" * count): {".".join("x" * count): 1} for count in range(1, 300)}),
    ),
    "a state that is called values": lambda: (
        states_called_values(),
        tickets({"state": "values", "wide": [{"b": "y"}] * 40_000}),
    ),
    "lists in lists in lists": lambda: (attributes("deep" + ".b" * 14), tickets({"deep": nested(14, {"b": 1})})),
    "numbers of hundreds of digits": lambda: (
        attributes(*["big"] * 1_500),
        {"tickets": [OPEN | {"no": n, "big": 10**399} for n in range(500)]},
    ),
    "a column many times": lambda: (attributes(*["long"] * 3_000), tickets({"long": "x" * 900_000})),
    "a condition of thousands of values": lambda: (
        TICKETS + "exclude_where: [{column: no, one_of: [" + ", ".join(map(str, range(9_000))) + "]}]\n",
        {"tickets": [OPEN | {"no": f"n{n}"} for n in range(1_000)]},
    ),
    "a reason of thousands of values": lambda: (
        TICKETS + "exclude_where: [{column: no, none_of: [" + ", ".join(map(str, range(9_000))) + "]}]\n",
        {"tickets": [OPEN | {"no": f"n{n}"} for n in range(1_000)]},
    ),
    "an id of thousands of columns": lambda: (
        OUTAGES.replace("id: id", f"id: [{', '.join(['id'] * 5_000)}]"),
        outages({"id": "x" * 20_000}),
    ),
    "a long id with thousands of names": lambda: (
        OUTAGES,
        outages({"id": "x" * 20_000, "names": [str(n) for n in range(4_000)]}),
    ),
    "a key that repeats the name": lambda: (
        OUTAGES.replace("{slug}", "{name}" * 160),
        outages({"names": ["x" * 300_000]}),
    ),
    "more outages than anyone has": lambda: (OUTAGES, outages({"names": [str(n) for n in range(60_000)]})),
    "times of every length": lambda: (
        TICKETS + "times: {format: '%f%d%m%H%I%M%S%j%U%W%V%u%w%y%p'}\n",
        {"tickets": [OPEN | {"no": n, "changed": "1" * 60 + str(n)} for n in range(1_000)]},
    ),
}


def size_of(mapped: MappedPayload) -> int:
    return len(json.dumps(mapped.document()))


@pytest.mark.parametrize("name", COSTLY)
def test_no_mapping_makes_a_payload_costly(name: str) -> None:
    text, document = COSTLY[name]()
    payload = json.dumps(document).encode()
    assert len(payload) <= 1_500_000 and len(text) <= 65_536, "the API takes no larger ones"
    began = time.process_time()
    try:
        mapping = parse_mapping_text(text)
        payloads.check_for_payloads(mapping)
        size, said = size_of(map_payload(payload, mapping)), "read"
    except ImportRefused as refused:
        size, said = sum(len(str(each)) for each in refused.findings), str(refused.findings[0])[:100]
    took = time.process_time() - began
    print(f"{took:.2f} s, {size:,} characters: {said}")
    assert (took < SECONDS, size < LARGEST) == (True, True), f"{took:.1f} s, {size:,} characters: {said}"


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
UNREADABLE = {
    "billion laughs": (BOMB, "anchors and aliases"),
    "a mapping that contains itself": ("attributes: &a\n  b: *a\n", "anchors and aliases"),
    "a merge of itself": ("<<: *a\n", "anchors and aliases"),
    "deep lists": ("a: " + "[" * 30_000, "nested deeper than 20"),
    "deep objects": ("{a: " * 30_000, "nested deeper than 20"),
    "deep blocks": ("- " * 30_000 + "x", "nested deeper than 20"),
    "a key that is a list": ("? [a]\n: b\n", "a key must be text"),
    "an object of Python": (TICKETS + "type: !!python/object/apply:os.system [id]\n", "type"),
    "several documents": ("a: b\n---\nc: d\n", "several documents"),
    "a NUL": ("a: \0", "special characters are not allowed"),
    "a control character": ("a: \x07", "special characters are not allowed"),
    "nothing": ("", "begin it with kind"),
    "unknown fields everywhere": (TICKETS.replace("state: open", "stat: open"), "there is no such field"),
    "a format that names the day twice": (TICKETS + "times: {format: '%d %d'}\n", "strptime that reads a time"),
    "a format that nothing fits": (TICKETS + "times: {format: '%Q'}\n", "strptime that reads a time"),
    "a format that ends with a percent": (TICKETS + "times: {format: '%Y-%m-%d%'}\n", "strptime that reads a time"),
    "a column without end": (attributes("x" * 5_000), "at most 1,000 characters"),
    "a format without end": (TICKETS + "times: {format: '%Y" + "-" * 5_000 + "'}\n", "at most 1,000 characters"),
    "braces in braces": (OUTAGES.replace("{slug}", "{slug}{{name}}"), "no other braces"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_mapping_that_loops_or_cannot_be_is_refused_by_name(name: str) -> None:
    text, said = UNREADABLE[name]
    began = time.process_time()
    with pytest.raises(ImportRefused) as refused:
        payloads.check_for_payloads(parse_mapping_text(text))
    assert said in str(refused.value)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("1e400", "too large"),
        ("-1e400", "too large"),
        ("1" * 401 + ".5", "too large"),
        ("NaN", "no number of JSON"),
        ("Infinity", "no number of JSON"),
        ("-Infinity", "no number of JSON"),
        ("9" * 401, "a number of 401 digits"),
        ("9" * 100_000, "a number of 100,000 digits"),
        ("0x10", "not JSON"),
        ("1_000", "not JSON"),
    ],
)
def test_a_number_that_no_tool_sends_is_refused(number: str, said: str) -> None:
    payload = json.dumps(tickets({"no": "N"})).replace('"N"', number).encode()
    with pytest.raises(ImportRefused, match=said):
        map_payload(payload, parse_mapping_text(TICKETS))


@pytest.mark.parametrize(
    "written",
    [
        "1e400",
        "-1e400",
        "nan",
        "inf",
        "sNaN",
        "1e999999999999999999999",
        "9" * 5_000,
        "",
        "P1Y",
        "\ud800",
    ],
)
@pytest.mark.parametrize("times", ["iso", "unix", "unix_ms", "%Y-%m-%d"])
def test_a_time_is_read_or_refused_and_never_fails(written: str, times: str) -> None:
    mapping = parse_mapping_text(TICKETS + f"times: {{format: '{times}'}}\n")
    with pytest.raises(ImportRefused) as refused:
        map_payload(json.dumps(tickets({"opened": written, "changed": written})).encode(), mapping)
    assert refused.value.findings[0].field == "changed"


@pytest.mark.parametrize("unit", ["seconds", "minutes", "hours", "days", "iso", "clock"])
@pytest.mark.parametrize(
    "written", ["1e400", "-1", "nan", "1e999999999999", "P" + "9" * 5_000 + "D", "9" * 5_000, "99:99"]
)
def test_a_length_is_read_or_refused_and_never_fails(written: str, unit: str) -> None:
    mapping = parse_mapping_text(OUTAGES.replace("ends: to", f"length: {{column: to, unit: {unit}}}"))
    with pytest.raises(ImportRefused) as refused:
        map_payload(json.dumps(outages({"to": written})).encode(), mapping)
    assert refused.value.findings[0].field == "to"


@pytest.mark.parametrize("text", ["a\ud83d", "\udc00b", "😀", "é́́́", "\u202egnp", "x" * 1_000])
def test_a_text_of_any_characters_comes_out_as_one_that_can_be_stored(text: str) -> None:
    mapping = parse_mapping_text(attributes("title"))
    payload = json.dumps(tickets({"title": text})).encode()
    [ticket] = map_payload(payload, mapping).tickets
    assert ticket.attributes["a0"] == text.replace("\ud83d", "�").replace("\udc00", "�")
    json.dumps(map_payload(payload, mapping).document(), ensure_ascii=False).encode()


def test_fields_that_no_mapping_names_change_nothing() -> None:
    mapping = parse_mapping_text(TICKETS)
    known = map_payload(json.dumps(tickets({})).encode(), mapping)
    strange = {"": 1, "__proto__": {"state": "x"}, "constructor": [], "no.no": 7, "state.": "x", "\0": "\0"}
    assert map_payload(json.dumps({**tickets(strange), **strange}).encode(), mapping) == known
