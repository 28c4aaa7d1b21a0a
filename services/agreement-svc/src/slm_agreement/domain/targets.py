"""The terms of a service level target: what an author may write, checked, and every default written out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain import clock_targets, target_windows
from slm_agreement.domain.errors import Findings
from slm_agreement.domain.reading import KEY, KEY_REMEDY, Reader, decimal_text
from slm_chassis.identity import named_id

ALWAYS = "24x7"
INDICATOR_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")
_QUANTITY = re.compile(r"\s*([0-9.]+)\s*([A-Za-z%µ]*)\s*\Z")
_SUPPORTED = (
    'write "availability", {"share_at_most": "300"} or "clock"; '
    "ratio, quantile, mean, count, outages, compliance, time_slices and composite are not supported yet"
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a target takes from its agreement; ``hours`` are the names of its service hours."""

    agreement_key: str
    provider_party_id: str
    customer_party_id: str
    service_id: str
    hours: frozenset[str]

    def target_id(self, key: str) -> str:
        """The same key is the same target in every version of the agreement."""
        return named_id(self.provider_party_id, "target", self.agreement_key, key)


def resolve_all(raw: Any, around: Surroundings, findings: Findings) -> list[dict[str, Any]]:
    """Targets as written → resolved ones; faults go into ``findings``. Resolving resolved terms changes nothing."""
    if not isinstance(raw, list):
        findings.add("targets", raw, "write a list of targets")
        return []
    resolved = [resolve(item, f"targets[{index}]", around, findings) for index, item in enumerate(raw)]
    _refuse_repetition(resolved, findings)
    return resolved


def resolve(raw: Any, path: str, around: Surroundings, findings: Findings) -> dict[str, Any]:
    """One target with every default written out, in the shape that `AgreementFinalized` carries."""
    reader = Reader(raw, path, findings)
    key = reader.key("key")
    for computed in ("target_id", "service_id"):
        reader.raw(computed)  # what a resolved target carries is computed again, never taken over
    aggregation, unit = _aggregation(reader)
    terms: dict[str, Any] = {
        "target_id": around.target_id(key),
        "key": key,
        "title": reader.text("title", key or "target", longest=200),
        "service_id": around.service_id,
        "aggregation": aggregation,
    }
    if aggregation == "clock":
        terms |= clock_targets.terms(reader)
    else:
        terms |= _indicator_terms(reader, aggregation, unit, around)
    terms |= _common_terms(reader, around)
    reader.done()
    return terms


def _aggregation(reader: Reader) -> tuple[Any, str | None]:
    """The aggregation resolved, and the unit that its writing carried (``300ms``)."""
    raw = reader.raw("aggregation")
    if raw in ("availability", "clock"):
        return raw, None
    limit = raw.get("share_at_most") if isinstance(raw, Mapping) and len(raw) == 1 else None
    if limit is None:
        reader.fault("aggregation", raw, _SUPPORTED)
        return "availability", None
    match = _QUANTITY.match(limit) if isinstance(limit, str) else None
    number = decimal_text(match[1] if match else limit)
    if number is None or number.startswith("-"):
        reader.fault(
            "aggregation.share_at_most", limit, 'write a number in the indicator\'s unit, like "300" or "300ms"'
        )
    return {"share_at_most": number or "0"}, (match[2] or None) if match else None


def _indicator_terms(reader: Reader, aggregation: Any, unit: str | None, around: Surroundings) -> dict[str, Any]:
    kind = "availability" if aggregation == "availability" else "value"
    objective = _objective(reader)
    window = target_windows.window(reader.raw("window"), reader.at("window"), reader.findings)
    if kind == "availability" and "rolling" in window:
        reader.fault(
            "window",
            reader.raw("window"),
            'write {"calendar": "month"}: availability is not judged over rolling windows yet',
        )
    warn_at = reader.explicit("warn_at", {})
    return {
        "indicator": _indicator(reader, kind, unit, around),
        "objective": objective,
        "window": window,
        "warn_at": target_windows.warnings(
            warn_at, reader.at("warn_at"), reader.findings, window, objective["at_least"]
        ),
    }


def _objective(reader: Reader) -> dict[str, str]:
    objective = Reader(reader.raw("objective"), reader.at("objective"), reader.findings)
    if objective.has("at_most") or objective.has("within"):
        reader.fault(
            "objective",
            reader.raw("objective"),
            'write {"at_least": "99.9", "unit": "percent"} for a share of time or events',
        )
    resolved = {
        "at_least": objective.decimal("at_least", least="0", most="100"),
        "unit": objective.choice("unit", ("percent",), "percent"),
    }
    for name in ("at_most", "within"):
        objective.raw(name)
    objective.done()
    return resolved


def _indicator(reader: Reader, kind: str, unit: str | None, around: Surroundings) -> dict[str, Any]:
    raw = reader.raw("indicator")
    indicator = Reader({"key": raw} if isinstance(raw, str) else raw, reader.at("indicator"), reader.findings)
    key = indicator.raw("key")
    if not isinstance(key, str) or not INDICATOR_KEY.match(key):
        indicator.fault("key", key, "write the indicator's key: letters, digits, dots, dashes, underscores, no slash")
    stated = indicator.raw("unit")
    if stated is not None and (not isinstance(stated, str) or not stated or len(stated) > 20):
        indicator.fault("unit", stated, "write a unit like ms")
    if unit and stated and unit != stated:
        reader.fault("aggregation.share_at_most", unit, f"write the limit in the indicator's unit, {stated}")
    resolved = {
        "owner_party_id": _owner(indicator, around),
        "key": key,
        "kind": indicator.choice("kind", (kind,), kind),
        "unit": stated or unit,
    }
    indicator.done()
    return resolved


def _owner(indicator: Reader, around: Surroundings) -> str:
    """Whose indicator it is: ``owner`` as provider or customer, or the id of either; the provider's by default."""
    parties = {"provider": around.provider_party_id, "customer": around.customer_party_id}
    owner, owner_id = indicator.raw("owner"), indicator.raw("owner_party_id")
    named = owner if owner is not None else owner_id if owner_id is not None else "provider"
    if isinstance(named, str) and (named in parties or named in parties.values()):
        return parties.get(named, named)
    indicator.fault("owner", named, "write provider, customer or the id of one of the two parties")
    return around.provider_party_id


def _common_terms(reader: Reader, around: Surroundings) -> dict[str, Any]:
    hours = reader.raw("service_hours", ALWAYS)
    if not isinstance(hours, str) or hours not in around.hours:
        reader.fault(
            "service_hours", hours, f"write a name of the document's service_hours: {', '.join(sorted(around.hours))}"
        )
    weight = reader.decimal("weight", "1")
    if weight.strip("0.") == "":
        reader.fault("weight", weight, "write a number above 0")
    if reader.raw("credit") is not None:
        reader.fault(
            "credit",
            reader.raw("credit"),
            "leave it out: credits are not computed yet; describe them in clauses.charges",
        )
    return {
        "service_hours": hours,
        "unknown": reader.choice("unknown", ("removed", "up", "down"), "removed"),
        "degraded": reader.choice("degraded", ("up", "down", "removed"), "up"),
        "planned_downtime": reader.choice("planned_downtime", ("removed",), "removed"),
        "no_data": reader.choice("no_data", ("ignore",), "ignore"),
        "weight": weight,
        "responsible": _responsible(reader),
        "credit": None,
    }


def _responsible(reader: Reader) -> dict[str, Any]:
    """Who acts when the target is at risk, and the agreed steps."""
    responsible = Reader(reader.raw("responsible", {}), reader.at("responsible"), reader.findings)
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
    step = Reader({"step": raw} if isinstance(raw, str) else raw, path, findings)
    resolved = {"step": step.text("step", longest=1000), "owner": step.text("owner", owner, longest=200)}
    step.done()
    return resolved


def _refuse_repetition(targets: list[dict[str, Any]], findings: Findings) -> None:
    keys: set[str] = set()
    indicators: dict[tuple[str, str], tuple[str, Any]] = {}
    for index, target in enumerate(targets):
        key = target["key"]
        if key and key in keys:
            findings.add(f"targets[{index}].key", key, "write another key: this one names an earlier target")
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


__all__ = ["ALWAYS", "KEY", "KEY_REMEDY", "Surroundings", "resolve", "resolve_all"]
