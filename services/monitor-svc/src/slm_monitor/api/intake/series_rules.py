"""Routes for series rules, which say how samples of time series become measurements: ``/api/v1/series-rules``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller, require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem, invalid
from slm_monitor.api.dependencies import TheSeriesRules, TheStore
from slm_monitor.api.responses.intake import SeriesPreview, SeriesRulesAnswer
from slm_monitor.domain.facts.rejections import ItemRejected, is_storable_text
from slm_monitor.domain.mapping.rules import (
    MOST_RULES,
    InvalidRule,
    LabelMissing,
    SeriesRule,
    SeriesRules,
    parse_rule,
)
from slm_monitor.domain.mapping.samples import choose_reading, describe_series
from slm_monitor.domain.mapping.selectors import LONGEST_SELECTOR, MatchBudget, MatchingTooCostly

router = APIRouter(prefix="/api/v1/series-rules", tags=["series-rules"])
Keeper = Annotated[Principal, Depends(require_role("integrator", "service_level_manager"))]
MOST_PREVIEWED = 100
_MOST_MATCHED = 500_000
Label = Annotated[str, Field(max_length=2_000)]
_RULE: dict[str, Any] = {
    "match": 'up{job="checkout"}',
    "indicator": "checkout.{instance}",
    "labels": ["instance"],
    "reading": "state",
}
_SERIES: dict[str, Any] = {"__name__": "up", "job": "checkout", "instance": "web-1:9090"}


class SeriesRuleToKeep(BaseModel):
    """A series rule: the series that it matches, and the indicator that the samples of these series measure."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [_RULE]}}

    match: Annotated[str, Field(max_length=LONGEST_SELECTOR, description="A selector of series as in PromQL")]
    indicator: Annotated[
        str, Field(max_length=400, description="Key of the indicator; `{label}` stands for the value of that label")
    ]
    labels: Annotated[
        list[Annotated[str, Field(max_length=200)]],
        Field(max_length=50, description="Names of the labels of a series that its measurements keep"),
    ] = []
    reading: Annotated[
        Literal["value", "state", "counter", "good", "bad"] | None,
        Field(
            description="The meaning of a sample. `value`: a measured value. `state`: 1 for up, 0 for down. `counter`: "
            "the reading of a counter. `good`, `bad`: the reading of a counter of a ratio's good or bad events. "
            "If left out, the kind of the indicator decides"
        ),
    ] = None


class SeriesRulesToKeep(BaseModel):
    """Request body with all series rules of a party, in order. For a series, the first rule that matches it is used."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"rules": [_RULE]}]}}

    rules: Annotated[list[SeriesRuleToKeep], Field(max_length=MOST_RULES)]


class SeriesToPreview(BaseModel):
    """Request body with series and the rules to try on them. Without `rules`, the party's stored rules are tried."""

    model_config = {"extra": "forbid", "json_schema_extra": {"examples": [{"series": [_SERIES], "rules": [_RULE]}]}}

    series: Annotated[list[dict[Label, Label]], Field(max_length=MOST_PREVIEWED)]
    """Series, each as an object of label name → value, in which ``__name__`` is the name of the metric."""
    rules: Annotated[list[SeriesRuleToKeep], Field(max_length=MOST_RULES)] | None = None


@router.get("", **operation("Read the party's series rules", SeriesRulesAnswer))
async def read_series_rules(caller: Caller, kept: TheSeriesRules) -> dict[str, Any]:
    """Read the rules of the caller's party. They say which series from Prometheus become which measurements.

    An operator belongs to no party and has no rules.
    """
    return await kept.document(caller.party_id or "")


@router.put(
    "",
    **operation("Replace the party's series rules", SeriesRulesAnswer, "missing-role", "no-party"),
)
async def replace_series_rules(given: SeriesRulesToKeep, caller: Keeper, kept: TheSeriesRules) -> dict[str, Any]:
    """Replace all rules of the caller's party. The new rules apply to every sample that arrives after the answer."""
    party_id = _party_of(caller)
    _parsed(given.rules)
    return await kept.replace(party_id, [rule.model_dump() for rule in given.rules], caller)


@router.delete("", **operation("Delete the party's series rules", None, "missing-role", "no-party", status=204))
async def delete_series_rules(caller: Keeper, kept: TheSeriesRules) -> None:
    """Delete all rules of the caller's party. After that, only series with the label `slm_indicator` are accepted."""
    await kept.replace(_party_of(caller), [], caller)


@router.post("/preview", **operation("Preview what series rules make of series", SeriesPreview, "no-party"))
async def preview_series_rules(
    given: SeriesToPreview, caller: Caller, kept: TheSeriesRules, store: TheStore
) -> dict[str, Any]:
    """Tell what each series would measure. The rules in the request decide; without them, the party's stored rules.
    Nothing is stored.
    """
    party_id = _party_of(caller)
    rules = (await kept.rules(party_id))[1] if given.rules is None else _parsed(given.rules)
    budget = MatchBudget(_MOST_MATCHED)
    items = []
    for number, labels in enumerate(given.series):
        if not labels.get("__name__") or not all(map(is_storable_text, [*labels, *labels.values()])):
            raise invalid(f"series[{number}]", None, "give the labels of a series, __name__ among them")
        try:
            items.append(_previewed(rules, labels, budget))
        except MatchingTooCostly as error:
            raise invalid("series", None, "give fewer or shorter series: the rules would take too long") from error
    subjects = [f"{party_id}/{item['indicator']}" for item in items if item["indicator"]]
    known = await store.indicators(subjects)
    for item in items:
        indicator = known.get(f"{party_id}/{item['indicator']}")
        mapped = item.pop("mapped")
        if mapped is None:
            continue
        if indicator is None:
            item["problem"] = f"no indicator {mapped.indicator} is registered: register it with POST /api/v1/indicators"
            continue
        item["kind"] = indicator.kind
        try:
            item["reading"] = choose_reading(mapped, indicator.kind)
        except ItemRejected as error:
            item["problem"] = error.parts[4]
    return {"items": items}


def _previewed(rules: SeriesRules, labels: dict[str, str], budget: MatchBudget) -> dict[str, Any]:
    found: dict[str, Any] = {"series": describe_series(labels), "rule": None, "indicator": None, "labels": {}}
    found |= {"reading": None, "kind": None, "problem": None, "mapped": None}
    try:
        mapped = rules.map_series(labels, budget)
    except LabelMissing as error:
        return {**found, "problem": f"the rule needs the label {error}, which the series lacks"}
    if mapped is None:
        return found
    kept = dict(mapped.labels)
    return {**found, "rule": mapped.rule, "indicator": mapped.indicator, "labels": kept, "mapped": mapped}


def _parsed(given: list[SeriesRuleToKeep]) -> SeriesRules:
    """Parse the rules. Raises 422 with the field of the first rule that is not valid."""
    parsed: list[SeriesRule] = []
    for number, rule in enumerate(given):
        try:
            parsed.append(parse_rule(rule.match, rule.indicator, rule.labels, rule.reading))
        except InvalidRule as error:
            field = f"rules[{number}].{error.field}"
            raise invalid(field, getattr(rule, error.field), str(error)) from error
        for name, texts in (("indicator", [rule.indicator]), ("labels", rule.labels), ("match", [rule.match])):
            if not all(map(is_storable_text, texts)):
                raise invalid(f"rules[{number}].{name}", None, "leave out NUL characters and lone surrogates")
    try:
        return SeriesRules(parsed)
    except InvalidRule as error:
        raise invalid("rules", None, str(error)) from error


def _party_of(caller: Principal) -> str:
    if caller.party_id is None:
        detail = "An operator belongs to no party: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    return caller.party_id
