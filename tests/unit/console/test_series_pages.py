"""Rules for series in the console: their order, a new one, and what pasted series would measure."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from slm_console.views.connections.series import SeriesMisread, remote_write_lines, series_of
from tests.unit.console.alder_answers import answers
from tests.unit.console.read_pages import token_in, words_of
from tests.unit.console.stub_api import StubApi, browser_of

PATH, PAGE = "/api/v1/series-rules", "/connections/series"
UP = {"match": 'up{job="<shop>"}', "indicator": "shop.up", "labels": [], "reading": "state"}
GOOD = {"match": "http_requests_total", "indicator": "{job}.answers", "labels": ["job"], "reading": None}
RULES = {"rules": [UP, GOOD], "revision": 3, "changed_at": None, "changed_by": None}
ITEM: dict[str, Any] = {
    "series": 'up{job="shop"}', "rule": 0, "indicator": "shop.up", "labels": {}, "reading": "state",
    "kind": "availability", "problem": None,
}  # fmt: skip
ITEMS = [
    ITEM,
    {**ITEM, "series": "other", "rule": None, "indicator": None, "reading": None, "kind": None},
    {**ITEM, "series": "no", "indicator": "my.indicators", "kind": None, "reading": None,
     "problem": "no indicator my.indicators is registered: register it with POST /api/v1/indicators"},
    {**ITEM, "series": "bare", "indicator": None, "kind": None, "reading": None,
     "problem": "the rule needs the label job, which the series lacks"},
]  # fmt: skip


def the_api(*roles: str) -> StubApi:
    known = answers()
    me = {**known["/api/v1/me"], "roles": list(roles or ("integrator",))}
    found = {"/api/v1/me": me, PATH: RULES, f"POST {PATH}/preview": {"items": ITEMS}}
    return StubApi({**known, **found})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("up", [{"__name__": "up"}]),
        ("up 1", [{"__name__": "up"}]),
        ('up{job="shop",instance="a:90"} 1', [{"__name__": "up", "job": "shop", "instance": "a:90"}]),
        ('# HELP\n\nup{job="a\\"}{",}', [{"__name__": "up", "job": 'a"}{'}]),
        ('{__name__="up", x="\\\\ \\n"}', [{"__name__": "up", "x": "\\ \n"}]),
        ("up{}", [{"__name__": "up"}]),
    ],
)
def test_series_are_read_as_prometheus_writes_them(text: str, found: list[dict[str, str]]) -> None:
    assert series_of(text) == found


@pytest.mark.parametrize(
    "text", ["{}", '{job="a"}', "up{", "up{job}", 'up{job="a" x="b"}', 'up{job=~"a"}', "7up", "up-1"]
)
def test_what_is_no_series_is_named(text: str) -> None:
    with pytest.raises(SeriesMisread, match=re.escape(text)):
        series_of(f"up\n{text}")


async def test_the_rules_are_shown_in_order_and_each_can_be_moved_or_removed() -> None:
    api = the_api()
    async with browser_of(api) as browser:
        page = (await browser.get(PAGE)).text
        said = words_of(page)
        assert '1 up{job="<shop>"} shop.up 1 for up, 0 for down' in said
        assert f'"{PAGE}/0/up"' not in page and f'"{PAGE}/0/down"' in page and f'"{PAGE}/1/down"' not in page
        form = {"csrf_token": token_in(page), "revision": "3"}
        for act in ("0/down", "1/up", "0/remove"):
            assert (await browser.post(f"{PAGE}/{act}", data=form)).status_code == 303, act
        for act in ("0/up", "1/down", "2/remove", "0/turn"):
            assert (await browser.post(f"{PAGE}/{act}", data=form)).status_code == 404, act
        late = await browser.post(f"{PAGE}/0/remove", data={**form, "revision": "2"})
        assert late.status_code == 422 and "Somebody else changed the rules" in late.text
    assert api.sent == [("PUT", PATH, {"rules": rules}) for rules in ([GOOD, UP], [GOOD, UP], [GOOD])]


async def test_a_new_rule_is_tried_on_pasted_series_and_added_at_the_end() -> None:
    api = the_api()
    rule = {"match": "probe_success", "indicator": "{instance}.up", "labels": "instance, job", "reading": ""}
    own = {**rule, "labels": ["instance", "job"], "reading": None}
    async with browser_of(api) as browser:
        form = {"csrf_token": token_in((await browser.get(PAGE)).text), "revision": "3", **rule}
        tried = await browser.post(PAGE, data={**form, "series": 'up{job="shop"}\nother', "act": "try"})
        said = words_of(tried.text)
        assert tried.status_code == 200 and 'up{job="shop"} by rule 1 shop.up' in said
        assert "other no rule: left out" in said and "needs the label job" in said
        assert "no measurement my.indicators is registered" in said and "POST" not in said
        assert 'value="probe_success"' in tried.text, "what was typed stays"
        assert (await browser.post(PAGE, data={**form, "act": "add"})).status_code == 303
        wrong = await browser.post(PAGE, data={**form, "series": "7up", "act": "try"})
        assert wrong.status_code == 422 and "“7up” is no series" in wrong.text
        bare = await browser.post(PAGE, data={**form, "match": "", "act": "add"})
        assert bare.status_code == 422 and "Write which series are meant" in bare.text
        late = await browser.post(PAGE, data={**form, "revision": "2", "act": "add"})
        assert late.status_code == 422 and 'value="probe_success"' in late.text
        api.refused[f"PUT {PATH}"] = {"status": 422, "errors": [{"field": "rules[2].indicator", "remedy": "a key"}]}
        unnamed = await browser.post(PAGE, data={**form, "act": "add"})
        assert unnamed.status_code == 422
        assert re.search(r'id="indicator-error">Write the name of a measurement', unnamed.text), "beside its field"
        del api.sent[-1]
    assert api.sent == [
        ("POST", f"{PATH}/preview",
         {"series": [{"__name__": "up", "job": "shop"}, {"__name__": "other"}], "rules": [UP, GOOD, own]}),
        ("PUT", PATH, {"rules": [UP, GOOD, own]}),
    ]  # fmt: skip


async def test_who_may_not_change_rules_is_offered_no_act() -> None:
    async with browser_of(the_api("auditor")) as browser:
        page = (await browser.get(PAGE)).text
        main = page.partition("<main")[2].partition("</main>")[0]
        assert "shop.up" in main and "<form" not in main


def test_the_lines_for_prometheus_send_only_what_the_rules_name() -> None:
    lines = yaml.safe_load(remote_write_lines("https://slm.example", [UP, GOOD, UP]))
    [target] = lines["remote_write"]
    assert target["url"] == "https://slm.example/api/v1/prometheus/write"
    assert target["authorization"] == {"credentials_file": "/etc/prometheus/slm-key"}
    [kept] = target["write_relabel_configs"]
    assert (kept["regex"], kept["action"]) == ("up|http_requests_total", "keep")


@pytest.mark.parametrize("rules", [[], [UP, {**UP, "match": '{job="shop"}'}]])
def test_lines_for_prometheus_choose_nothing_where_a_rule_has_no_name(rules: list[dict[str, Any]]) -> None:
    [target] = yaml.safe_load(remote_write_lines("https://slm.example", rules))["remote_write"]
    assert "write_relabel_configs" not in target


async def test_the_lines_for_prometheus_are_on_the_page() -> None:
    async with browser_of(the_api()) as browser:
        page = (await browser.get(PAGE)).text
    assert "/api/v1/prometheus/write" in page and "credentials_file: /etc/prometheus/slm-key" in page
    assert 'href="/connections/keys"' in page and "regex: up|http_requests_total" in page
