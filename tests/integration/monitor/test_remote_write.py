"""Remote write of Prometheus, 1.0 and 2.0, on a real database: mapped by rules, judged once, answered as specified."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from tests.integration.monitor.test_series import target
from tests.integration.monitor.test_sources import source
from tests.support.monitor import PROVIDER, finalized
from tests.support.monitor_service import Service, problem
from tests.support.remote_write import DOOR, HEADERS, STALE, V1, V2, Series, encoded, histogram, snappy, varint

RULES = "/api/v1/series-rules"
AT = 1_793_865_600_000  # 2026-11-05T08:00:00Z
BOTH = pytest.mark.parametrize("version", [V1, V2])
HANDLES = {"match": 'requests_total{job="shop"}', "indicator": "rw.{job}.requests", "labels": [], "reading": "counter"}
KEPT = [
    {"match": 'latency{job="shop"}', "indicator": "rw.latency", "labels": ["zone"], "reading": "value"},
    {"match": "up", "indicator": "rw.{job}.up", "labels": [], "reading": "state"},
    HANDLES,
    {"match": 'answers_total{code!~"5.."}', "indicator": "rw.answers", "labels": [], "reading": "good"},
    {"match": 'answers_total{code=~"5.."}', "indicator": "rw.answers", "labels": [], "reading": "bad"},
    {"match": "nobody", "indicator": "rw.nobody-registered-it", "labels": [], "reading": None},
    {"match": "named", "indicator": "{zone}", "labels": [], "reading": None},
]


def latency(*values: float, at: int = AT, **labels: str) -> Series:
    samples = [(at + 1000 * n, value) for n, value in enumerate(values)]
    return Series({"__name__": "latency", "job": "shop", "instance": "web-1", **labels}, samples)


def requests(*readings: tuple[Any, ...], instance: str = "web-1", job: str = "shop") -> Series:
    return Series({"__name__": "requests_total", "job": job, "instance": instance}, readings)


async def written(client: httpx.AsyncClient, version: str, *series: Series) -> httpx.Response:
    return await client.post(DOOR, content=encoded(version, *series), headers=HEADERS[version])


def counts(answer: httpx.Response) -> list[int]:
    names = ("Samples", "Histograms", "Exemplars")
    return [int(answer.headers[f"X-Prometheus-Remote-Write-{name}-Written"]) for name in names]


COUNTED = target("rw-requests", "rw.shop.requests", "count", {"at_most": "1000000", "unit": "count"})
ANSWERED = target("rw-answers", "rw.answers", "ratio", {"at_least": "50", "unit": "percent"})
MEAN = target("rw-mean", "rw.latency", "mean", {"at_most": "300", "unit": "ms"})


@pytest.fixture(scope="module", autouse=True)
async def ruled(service: Service) -> None:
    for key, kind in (
        ("rw.latency", "value"),
        ("rw.shop.up", "availability"),
        ("rw.shop.requests", "count"),
        ("rw.answers", "ratio"),
        ("rw.labelled", "count"),
    ):
        await service.register(key, kind, "ms" if kind == "value" else None)
    agreement = named_id(PROVIDER, "agreement", "rw")
    await service.agree(finalized(COUNTED, ANSWERED, MEAN, agreement_id=agreement, agreement_key="rw"))
    (await service.provider.put(RULES, json={"rules": KEPT})).raise_for_status()


async def figure(service: Service, judged: dict[str, Any], wanted: str) -> None:
    """Wait until the target has this figure, and see that it keeps it."""
    seen = None
    for _ in range(100):
        items = await service.targets(named_id(PROVIDER, "agreement", "rw"))
        [found] = [each for each in items if each["target_id"] == judged["target_id"]]
        seen = (found["window"] or {}).get("figure")
        if seen == wanted:
            await asyncio.sleep(0.3)
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{judged['key']}: {seen}, not {wanted}")


@BOTH
async def test_samples_are_written_and_the_answer_is_empty(service: Service, version: str) -> None:
    answer = await written(service.provider, version, latency(231.5, 400), latency(200, zone="eu"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert counts(answer) == [3, 0, 0]


async def test_counters_count_once_however_often_and_in_whatever_order_they_come(service: Service) -> None:
    first, second = requests((AT, 10), (AT + 15_000, 12)), requests((AT + 45_000, 20))
    other = requests((AT, 100), (AT + 30_000, 130), instance="web-2")
    for version in (V1, V2):
        for series in ([first, other], [second], [first, other], [second]):
            assert (await written(service.provider, version, *series)).status_code == 204
    await figure(service, COUNTED, "40/1")
    late = requests((AT + 30_000, 15))
    restarted = requests((AT + 60_000, 3), (AT + 75_000, 5))
    assert (await written(service.provider, V1, restarted)).status_code == 204
    assert (await written(service.provider, V2, late)).status_code == 204
    await figure(service, COUNTED, "45/1")
    # A start that differs tells of a restart that the readings hide.
    hidden = requests((AT + 90_000, 7, AT + 80_000))
    known = requests((AT + 75_000, 5, AT + 59_000))
    assert (await written(service.provider, V2, known, hidden)).status_code == 204
    await figure(service, COUNTED, "52/1")


async def test_good_and_bad_events_are_counters_of_one_ratio(service: Service) -> None:
    def answers(code: str, *readings: tuple[int, float]) -> Series:
        return Series({"__name__": "answers_total", "code": code}, readings)

    series = [
        answers("200", (AT, 1000), (AT + 15_000, 1080)),
        answers("204", (AT, 10), (AT + 15_000, 20)),
        answers("500", (AT, 7), (AT + 15_000, 17)),
    ]
    for each in [*series, series[0]]:
        assert (await written(service.provider, V1, each)).status_code == 204
    await figure(service, ANSWERED, "90/1")


async def test_up_is_a_state(service: Service) -> None:
    def up(*samples: tuple[int, float]) -> Series:
        return Series({"__name__": "up", "job": "shop", "instance": "web-1"}, samples)

    answer = await written(service.provider, V2, up((AT, 1), (AT + 15_000, 0), (AT + 30_000, 1)))
    assert answer.status_code == 204, answer.text
    answer = await written(service.provider, V2, up((AT + 45_000, 0.5)))
    assert "1 for up and 0 for down" in problem(answer)["detail"] and counts(answer) == [0, 0, 0]


@BOTH
async def test_a_stale_marker_is_no_measurement_and_another_nan_is_refused(service: Service, version: str) -> None:
    answer = await written(service.provider, version, latency(STALE), requests((AT + 10**6, STALE)))
    assert (answer.status_code, counts(answer)) == (204, [2, 0, 0])
    for wrong in (math.nan, math.inf, -math.inf):
        answer = await written(service.provider, version, latency(1.0, wrong, 2.0))
        told = problem(answer)
        assert (told["status"], told["type"]) == (400, "/problems/samples-refused")
        assert (
            told["detail"].startswith("1 of 3 samples were not taken") and 'latency{instance="web-1"' in told["detail"]
        )
        assert counts(answer) == [2, 0, 0]


async def test_what_a_partial_write_takes_is_kept(service: Service) -> None:
    """The valid samples of a write are evaluated, because the sender does not send them again."""
    good = requests((AT + 200_000, 7), (AT + 215_000, 9), instance="web-9")
    wrong = requests((AT + 230_000, 1.5), (AT + 245_000, -3), (AT + 246_000, 2.0**60), instance="web-9")
    unnamed = Series({"job": "shop"}, [(AT, 1.0)])
    nobody = Series({"__name__": "nobody"}, [(AT, 1.0)])
    templated = Series({"__name__": "named"}, [(AT, 1.0)])
    answer = await written(service.provider, V2, good, wrong, unnamed, nobody, templated)
    told = problem(answer)["detail"]
    assert told.startswith("6 of 8 samples were not taken") and counts(answer) == [2, 0, 0]
    for words in ("counter of whole numbers", "__name__", "nobody: register it first", "label zone"):
        assert words in told
    await figure(service, COUNTED, "54/1")


async def test_what_no_rule_matches_is_left_out_and_counted(service: Service) -> None:
    await service.customer.put(RULES, json={"rules": [KEPT[-1]]})
    others = [Series({"__name__": f"go_other_{n}", "job": "shop"}, [(AT, n)]) for n in range(12)]
    answer = await written(service.customer, V1, *others, Series({"__name__": "named"}, [(AT, 1.0)]))
    assert counts(answer) == [12, 0, 0] and problem(answer)["detail"].startswith("1 of 13 samples")
    found = await source(service, "prometheus", lambda each: each["ignored_last_day"] == 12, service.customer)
    assert found["ignored"] == [f'go_other_{n}{{job="shop"}}' for n in range(10)]
    assert (found["facts_last_day"], found["refused_last_day"]) == (0, [{"code": "no_label", "items": 1}])
    refused = (await service.customer.get(f"/api/v1/sources/{found['source_id']}")).json()["refused"]
    assert [each["subject"] for each in refused] == ["named"]


async def test_a_label_names_the_indicator_where_no_rule_does(service: Service) -> None:
    def own(**labels: str) -> Series:
        return Series({"__name__": "jobs_total", "slm_indicator": "rw.labelled", **labels}, [(AT, 3)])

    assert (await written(service.provider, V2, own())).status_code == 204
    assert "slm_part" in problem(await written(service.provider, V2, own(slm_indicator="rw.answers")))["detail"]
    right = own(slm_indicator="rw.answers", slm_part="bad", code="x")
    assert (await written(service.provider, V2, right)).status_code == 204


async def test_native_histograms_of_an_interval_are_taken_others_refused(service: Service) -> None:
    labels = {"__name__": "latency", "job": "shop", "instance": "h"}
    one = Series(labels, histograms=[histogram(AT, [2, 1])], exemplars=[b"", b""])
    answer = await written(service.provider, V2, one)
    # The mean of the indicator is judged by exact values, which buckets do not have.
    assert "send sum, min and max" in problem(answer)["detail"] and counts(answer) == [0, 0, 2]
    grows = Series(labels, histograms=[histogram(AT, [2, 1], hint=0), histogram(AT, [1], sum=STALE)])
    answer = await written(service.provider, V1, grows)
    assert "only grows" in problem(answer)["detail"] and counts(answer) == [0, 1, 0]


async def test_the_content_type_decides_and_others_are_415(service: Service) -> None:
    body = encoded(V2, latency(1.0))
    right = HEADERS[V2]
    for header, value in (
        ("Content-Type", "application/json"),
        ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request"),
        ("Content-Encoding", "gzip"),
        ("Content-Encoding", "zstd"),
    ):
        answer = await service.provider.post(DOOR, content=body, headers={**right, header: value})
        assert answer.status_code == 415
        assert V1 in problem(answer)["detail"] and V2 in answer.json()["detail"]
    quoted = {**right, "Content-Type": f'application/x-protobuf; proto="{V2}"'}
    assert (await service.provider.post(DOOR, content=body, headers=quoted)).status_code == 204
    # A receiver that guessed would find an empty request in the other version.
    old = await service.provider.post(DOOR, content=body, headers=HEADERS[V1])
    assert counts(old) == [0, 0, 0]
    bare = await service.provider.post(
        DOOR, content=encoded(V1, latency(1.0)), headers={"Content-Type": "application/x-protobuf"}
    )
    assert counts(bare) == [1, 0, 0]


@BOTH
async def test_what_cannot_be_read_is_400_and_what_is_too_large_413(service: Service, version: str) -> None:
    whole = encoded(version, latency(1.0))
    for body, status in (
        (b"0" + whole[1:], 400),
        (b"", 400),
        (whole[:-4], 400),
        (snappy(b"\x0a\xff"), 400),
        (varint(33 << 20) + whole[2:], 413),
        (b"\x00" * (10 << 20), 400),
    ):
        answer = await service.provider.post(DOOR, content=body, headers=HEADERS[version])
        assert answer.status_code == status, answer.text
        problem(answer)
    found = await source(service, "", lambda each: "malformed_body" in str(each["refused_last_day"]))
    assert found["topic"] == "slm.measurements"


async def test_who_may_write(service: Service) -> None:
    body = encoded(V1, latency(1.0))
    for client, status in ((service.client(""), 401), (service.viewer, 403), (service.operator, 403)):
        assert (await client.post(DOOR, content=body, headers=HEADERS[V1])).status_code == status
    for client, status in ((service.viewer, 403), (service.operator, 403)):
        assert (await client.put(RULES, json={"rules": []})).status_code == status
        assert (await client.delete(RULES)).status_code == status
    assert (await service.viewer.get(RULES)).json()["rules"] == KEPT


async def test_rules_of_one_party_are_neither_seen_nor_used_by_another(service: Service) -> None:
    assert (await service.foreigner.get(RULES)).json() == {
        "rules": [], "revision": 0, "changed_at": None, "changed_by": None
    }  # fmt: skip
    answer = await written(service.foreigner, V2, latency(1.0), requests((AT + 900_000, 10**9)))
    assert (answer.status_code, counts(answer)) == (204, [2, 0, 0])
    await service.foreigner.put(RULES, json={"rules": [{**KEPT[0], "indicator": "rw.latency"}]})
    told = problem(await written(service.foreigner, V2, latency(5.0)))
    assert "register it first" in told["detail"]
    assert (await service.provider.get(RULES)).json()["rules"] == KEPT
    await figure(service, COUNTED, "54/1")


async def test_rules_are_replaced_tried_and_deleted(service: Service) -> None:
    kept = (await service.customer.put(RULES, json={"rules": [KEPT[0]]})).json()
    assert (await service.customer.get(RULES)).json() == kept
    asked = {"series": [{"__name__": "up", "job": "shop"}, {"__name__": "x"}, {"__name__": "named"}]}
    items = (await service.provider.post(f"{RULES}/preview", json=asked)).json()["items"]
    assert items[0] == {
        "series": 'up{job="shop"}', "rule": 1, "indicator": "rw.shop.up", "labels": {}, "reading": "state",
        "kind": "availability", "problem": None,
    }  # fmt: skip
    assert (items[1]["indicator"], items[1]["problem"]) == (None, None)
    assert "label zone" in items[2]["problem"]
    tried = {**asked, "rules": [{"match": "x", "indicator": "rw.none"}, {"match": "up", "indicator": "rw.answers"}]}
    items = (await service.provider.post(f"{RULES}/preview", json=tried)).json()["items"]
    assert "register" in items[1]["problem"] and "good or bad" in items[0]["problem"]
    assert (await service.customer.delete(RULES)).status_code == 204
    found = (await service.customer.get(RULES)).json()
    assert (found["rules"], found["revision"]) == ([], kept["revision"] + 1)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"match": "up{", "indicator": "a"}, "rules[0].match"),
        ({"match": 'up{job=~"(a|b)*a(a|b){20}"}', "indicator": "a"}, "rules[0].match"),
        ({"match": 'up{job=~"(?i)a"}', "indicator": "a"}, "rules[0].match"),
        ({"match": "up", "indicator": "{"}, "rules[0].indicator"),
        ({"match": "up", "indicator": "a", "labels": ["__name__"]}, "rules[0].labels"),
        ({"match": "up", "indicator": "a", "reading": "total"}, "rules[0].reading"),
        ({"match": "up", "indicator": "a", "kind": "state"}, "rules[0].kind"),
    ],
)
async def test_a_rule_that_cannot_be_kept_is_refused_with_its_field(
    service: Service, rule: dict[str, Any], field: str
) -> None:
    told = problem(await service.provider.put(RULES, json={"rules": [rule]}))
    assert (told["status"], told["errors"][0]["field"]) == (422, field)
    assert (await service.provider.get(RULES)).json()["rules"] == KEPT
