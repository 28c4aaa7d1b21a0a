"""Rules, dashboards and the guide name the series that there are, and each series is used or explained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from slm_monitor.application.reading.target_metric_catalogue import CATALOGUE
from tests.support import prometheus

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/guides/prometheus.md").read_text(encoding="utf-8")
NAMES = {each.name for each in CATALOGUE}


@pytest.mark.parametrize("expression", [*prometheus.rule_expressions(), *prometheus.dashboard_expressions()])
def test_every_expression_names_series_that_there_are(expression: str) -> None:
    found = prometheus.series_in(expression)
    assert found or "up{" in expression, expression
    assert found <= NAMES


def test_an_expression_with_a_wrong_name_is_found() -> None:
    wrong = 'max by (slm_label) (slm_target_verdicts{slm_x="1"}) / on (sloth_id) slo:objective:ratios'
    assert prometheus.series_in(wrong) == {"slm_target_verdicts", "slo:objective:ratios"}


def test_the_guide_explains_every_series_and_no_other() -> None:
    assert set(re.findall(r"`(slm_targets?_\w+|sloth_slo_info|slo:[\w:]+)`", GUIDE)) == NAMES


def test_the_guide_lists_every_alert_with_its_severity() -> None:
    groups = yaml.safe_load(prometheus.RULES.read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"]: rule["labels"]["severity"] for group in groups for rule in group["rules"]}
    assert dict(re.findall(r"^\| `(Slm\w+)` \| .* \| (\w+) \|$", GUIDE, re.MULTILINE)) == rules


def test_every_series_has_a_help_of_its_own_and_base_units() -> None:
    helps = [each.help for each in CATALOGUE]
    assert len(set(helps)) == len(helps)
    assert all(text.endswith(".") for text in helps)
    assert not [name for name in NAMES if re.search(r"milliseconds|minutes|percent|_total$", name)]


@pytest.mark.parametrize("path", prometheus.DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_can_be_provisioned(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert "id" not in document and document["uid"].startswith("slm-")
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["datasource"]["uid"] for panel in document["panels"]} == {"${datasource}"}
    assert all(panel["title"] and panel["description"] for panel in document["panels"])
    variables = {each["name"] for each in document["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", " ".join(prometheus.queries_of(document))))
    assert used <= variables


def test_each_link_between_dashboards_leads_to_one() -> None:
    texts = [path.read_text(encoding="utf-8") for path in prometheus.DASHBOARDS]
    there = {json.loads(text)["uid"] for text in texts}
    assert set(re.findall(r"/d/([\w-]+)", "".join(texts))) <= there
