"""What the page's script makes of the API's answers, run with Node where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from typing import Any

import pytest

from slm_events import wording
from tests.unit.events.test_wording import WARNINGS, WINDOWS

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node to run the page's script")

DEADLINES: list[dict[str, Any]] = [
    {"service_time": "PT4H"},
    {"business_days": 1},
    {"business_days": 2},
    {"business_days_end": 1},
    {},
]
_PAGE = """
const nodes = new Map();
class Node {
  constructor(tag) { this.tag = tag; this.children = []; this.attributes = {}; this.dataset = {}; this.hidden = false; }
  setAttribute(name, value) { this.attributes[name] = value; }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  querySelector(what) { return (this.parts ??= {})[what] ??= new Node(what); }
  addEventListener() {}
  focus() {}
  get all() { return (this.textContent ?? "") + this.children.map((c) => c.all ?? String(c)).join(" "); }
}
const byName = (id) => { if (!nodes.has(id)) nodes.set(id, new Node(id)); return nodes.get(id); };
byName("event-names").textContent = "{}";
globalThis.document = { getElementById: byName, createElement: (tag) => new Node(tag) };
globalThis.location = { href: "http://slm/" };
globalThis.sessionStorage = { getItem: () => null, setItem() {}, removeItem() {} };
globalThis.setInterval = () => 0;
"""


def ran(expression: str) -> Any:
    """The value of an expression over the functions of the script, on a page of which only the ids are there."""
    script = (files("slm") / "templates" / "page.js").read_text(encoding="utf-8").removeprefix('"use strict";')
    program = f"{_PAGE}\n{script}\nprocess.stdout.write(JSON.stringify({expression}));"
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_page_says_windows_warnings_and_deadlines_as_the_report_does() -> None:
    assert ran(f"{json.dumps(list(WINDOWS))}.map(windowName)") == list(WINDOWS.values())
    risks = [{"cause": cause, "threshold": threshold} for cause, threshold in WARNINGS]
    assert ran(f"{json.dumps(risks)}.map(because)") == list(WARNINGS.values())
    said = [wording.deadline(each) for each in DEADLINES]
    assert ran(f"{json.dumps(DEADLINES)}.map((within) => promised({{ within }}))") == said


@pytest.mark.parametrize(
    ("agreements", "told"), [(0, "of 0 agreements"), (1, "of 1 agreement"), (2, "of 2 agreements")]
)
def test_one_agreement_is_not_many(agreements: int, told: str) -> None:
    page = {"items": [{"state": "in_force"}] * agreements}
    note = 'byId("stage-negotiate").querySelector("[data-note]").textContent'
    assert ran(f"(showAgreements({json.dumps(page)}), {note})") == told


def target(no_data: dict[str, Any] | None) -> dict[str, Any]:
    window = {"window_id": "2026-11", "verdict": "met", "figure_display": "100.0000", "detail": {}}
    return {"title": "Checkout", "terms": {"objective": None}, "tickets": None, "window": window, "no_data": no_data}


@pytest.mark.parametrize(
    ("no_data", "badge", "told"),
    [
        (None, "badge met", "met"),
        (
            {"since_at": "2026-11-22T10:00:00.000000Z", "never_measured": False},
            "badge no_data",
            "no data since 2026-11-22 10:00:00 UTC",
        ),
        (
            {"since_at": "2026-11-01T00:00:00.000000Z", "never_measured": True},
            "badge no_data",
            "no data never measured, expected since 2026-11-01 00:00:00 UTC",
        ),
        ({"since_at": None, "never_measured": True}, "badge no_data", "no data never measured"),
    ],
)
def test_a_target_that_gets_no_data_is_amber_with_since_when(
    no_data: dict[str, Any] | None, badge: str, told: str
) -> None:
    shown = json.dumps(target(no_data))
    said, *named = ran(
        f"((cell) => [cell.all, cell.children[0].attributes.class, cell.children[0].children[0]?.attributes?.class])"
        f"(targetRow({shown}).children.at(-1))"
    )
    assert (said.strip(), badge in named) == (told, True)
    note = 'byId("stage-monitor").querySelector("[data-note]").textContent'
    assert ran(f"(showTargets({{ items: [{shown}] }}), {note})").endswith(
        f"without data: {0 if no_data is None else 1}"
    )


@pytest.mark.parametrize(("count", "named"), [(0, "reviews open"), (1, "review open"), ("1000+", "reviews open")])
def test_what_a_stage_counts_is_named_by_its_number(count: int | str, named: str) -> None:
    counted = 'byId("stage-review").querySelector("[data-many]")'
    told = '{ one: "review open", many: "reviews open" }'
    assert (
        ran(f'({counted}.dataset = {told}, stage("review", {json.dumps(count)}, ""), {counted}.textContent)') == named
    )


def test_amber_is_the_colour_of_missing_data() -> None:
    styles = (files("slm") / "templates" / "page.css").read_text(encoding="utf-8")
    rule = next(line for line in styles.splitlines() if ".badge.no_data" in line)
    assert "var(--warn)" in rule
