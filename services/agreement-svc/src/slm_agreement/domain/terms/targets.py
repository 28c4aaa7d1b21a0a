"""The terms of service level targets: they are read, checked, and completed with every default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import aggregations, clock_targets, composites, figure_targets
from slm_agreement.domain.terms.reading import FieldReader
from slm_agreement.domain.terms.target_context import TargetContext

ALWAYS = "24x7"
_MOST_ASSETS = 1000


def resolve_targets(raw: Any, context: TargetContext, findings: Findings) -> list[dict[str, Any]]:
    """Return the targets of a document with every default. Errors are added to ``findings``.

    Resolving targets that are already resolved changes nothing.
    """
    if not isinstance(raw, list):
        findings.add("targets", raw, "write a list of targets")
        return []
    resolved = [resolve_target(item, f"targets[{index}]", context, findings) for index, item in enumerate(raw)]
    _refuse_repetition(resolved, findings)
    composites.check_composites(resolved, findings)
    return resolved


def resolve_target(raw: Any, path: str, context: TargetContext, findings: Findings) -> dict[str, Any]:
    """Return one target with every default, in the form that the event ``AgreementFinalized`` has."""
    reader = FieldReader(raw, path, findings)
    key = reader.key("key")
    for computed in ("target_id", "service_id"):
        reader.raw(computed)  # accepted, so that a resolved target can be sent back; computed again
    aggregation = aggregations.read_aggregation(reader, context.accepted, context.parties)
    terms: dict[str, Any] = {
        "target_id": context.target_id(key),
        "key": key,
        "title": reader.text("title", key or "target", longest=200),
        "service_id": context.service_id,
        "aggregation": aggregation.document,
    }
    if aggregation.name == "clock":
        terms |= clock_targets.read_clock_terms(reader)
    else:
        terms |= figure_targets.read_figure_terms(reader, aggregation, context)
    terms |= _common_terms(reader, context, aggregation.name == "clock")
    reader.done()
    return terms


def _common_terms(reader: FieldReader, context: TargetContext, is_clock: bool) -> dict[str, Any]:
    hours = reader.raw("service_hours", ALWAYS)
    # A clock may have several calendars, any other target only one.
    named = hours if is_clock and isinstance(hours, list) and hours else [hours]
    if not all(isinstance(each, str) and each in context.hours for each in named):
        reader.fault(
            "service_hours", hours, f"write a name of the document's service_hours: {', '.join(sorted(context.hours))}"
        )
    weight = reader.decimal("weight", "1")
    if weight.strip("0.") == "":
        reader.fault("weight", weight, "write a number above 0")
    # Whether there is such a schedule is checked with the whole document.
    credit = None if reader.raw("credit") is None else reader.key("credit")
    return {
        "service_hours": hours,
        "unknown": reader.choice("unknown", ("removed", "up", "down"), "removed"),
        "degraded": _degraded(reader),
        "planned_downtime": reader.choice("planned_downtime", ("removed", "excused"), "removed"),
        "no_data": reader.choice("no_data", ("ignore", "good", "bad"), "ignore"),
        "weight": weight,
        "responsible": _responsible(reader),
        "assets": _assets(reader),
        "credit": credit,
    }


def _degraded(reader: FieldReader) -> Any:
    """Read how time in the state ``degraded`` counts: ``up``, ``down``, ``removed``, or ``{"weight": "0.5"}``.

    A weight is the share of the degraded time that counts as up.
    """
    raw = reader.raw("degraded", "up")
    if not isinstance(raw, Mapping):
        if raw in ("up", "down", "removed"):
            return raw
        reader.fault("degraded", raw, 'write up, down, removed or {"weight": "0.5"}')
        return "up"
    degraded = FieldReader(raw, reader.at("degraded"), reader.findings)
    resolved = {"weight": degraded.decimal("weight", most="1")}
    degraded.done()
    return resolved


def _assets(reader: FieldReader) -> list[str]:
    """Read the ids of the configuration items that the target is about, as other systems name them."""
    assets = reader.texts("assets")
    if len(assets) > _MOST_ASSETS or any(len(asset) > 200 for asset in assets):
        reader.fault("assets", len(assets), f"write up to {_MOST_ASSETS} ids of 1 to 200 characters")
    return assets


def _responsible(reader: FieldReader) -> dict[str, Any]:
    """Read who acts when the target is at risk, and the steps that are agreed for this case."""
    responsible = FieldReader(reader.raw("responsible", {}), reader.at("responsible"), reader.findings)
    owner = responsible.text("owner", "", longest=200)
    steps = responsible.raw("plan", [])
    if isinstance(steps, str):
        steps = [steps]
    if not isinstance(steps, list):
        responsible.fault("plan", steps, 'write a list of steps like {"step": "Add capacity", "owner": "Operations"}')
        steps = []
    plan = [
        _step(item, f"{responsible.at('plan')}[{index}]", owner, reader.findings) for index, item in enumerate(steps)
    ]
    responsible.done()
    return {"owner": owner, "plan": plan}


def _step(raw: Any, path: str, owner: str, findings: Findings) -> dict[str, str]:
    step = FieldReader({"step": raw} if isinstance(raw, str) else raw, path, findings)
    resolved = {"step": step.text("step", longest=1000), "owner": step.text("owner", owner, longest=200)}
    step.done()
    return resolved


def _refuse_repetition(targets: list[dict[str, Any]], findings: Findings) -> None:
    keys: set[str] = set()
    indicators: dict[tuple[str, str], tuple[str, Any]] = {}
    for index, target in enumerate(targets):
        key = target["key"]
        if key and key in keys:
            findings.add(f"targets[{index}].key", key, "write another key: an earlier target has this one")
        keys.add(key)
        indicator = target.get("indicator")
        if indicator is None:
            continue
        name = (indicator["owner_party_id"], str(indicator["key"]))
        measured = (indicator["kind"], indicator["unit"])
        if indicators.setdefault(name, measured) != measured:
            remedy = (
                f"an earlier target measures this indicator as {' in '.join(str(m) for m in indicators[name] if m)}"
            )
            findings.add(f"targets[{index}].indicator", indicator["key"], remedy)
