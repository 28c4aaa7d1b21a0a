"""Targets that are computed from other targets of the agreement: compliance of tickets, and composites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import indicators
from slm_agreement.domain.terms.indicators import AgreementParties
from slm_agreement.domain.terms.reading import FieldReader
from slm_events import aggregations as vocabulary
from slm_events.aggregations import COMPOSITE_RULES as RULES

_SHARES = frozenset({"availability", "ratio", "share_at_most", "quantile", "compliance", "time_slices"})
_MOST_MEMBERS = 100


def read_compliance(raw: Any, path: str, findings: Findings) -> dict[str, str]:
    """Read the aggregation ``{"compliance": {"target": "p1-resolution"}}``: the share of tickets that met a clock
    target.

    ``raw`` is the inner object or only the key: ``{"target": "p1-resolution"}`` or ``"p1-resolution"``.
    """
    reader = FieldReader({"target": raw} if isinstance(raw, str) else raw, path, findings)
    resolved = {"target": reader.key("target")}
    reader.done()
    return resolved


def read_composite(raw: Any, path: str, findings: Findings, parties: AgreementParties) -> dict[str, Any]:
    """Read the parameters of a composite.

    An example is ``{"of": "states", "rule": "serial", "members": [{"target": "database", "weight": "1"}]}``. A member
    of a composite of states may also be an indicator: ``{"indicator": "payments.database"}``.
    """
    reader = FieldReader(raw, path, findings)
    of = reader.choice("of", tuple(RULES))
    members = _members(reader, of, parties)
    resolved = {"of": of, "rule": _rule(reader, of, len(members)), "members": members}
    reader.done()
    return resolved


def _members(reader: FieldReader, of: str, parties: AgreementParties) -> list[dict[str, Any]]:
    raw = reader.raw("members")
    if not isinstance(raw, list) or not 1 <= len(raw) <= _MOST_MEMBERS:
        remedy = f'write 1 to {_MOST_MEMBERS} keys of other targets, or objects like {{"target": "db", "weight": "2"}}'
        reader.fault("members", raw, remedy)
        return []
    members = []
    for index, item in enumerate(raw):
        member = FieldReader(
            {"target": item} if isinstance(item, str) else item, f"{reader.at('members')}[{index}]", reader.findings
        )
        weight = member.decimal("weight", "1")
        if weight.strip("0.") == "":
            member.fault("weight", weight, "write a number above 0")
        if of == "states" and member.has("indicator"):
            named: dict[str, Any] = {"indicator": indicators.read_indicator(member, ("availability",), None, parties)}
            if member.raw("target") is not None:
                member.fault("target", member.raw("target"), "leave it out: the member is the indicator")
        else:
            named = {"target": member.key("target")}
            if member.raw("indicator") is not None:
                member.fault(
                    "indicator",
                    member.raw("indicator"),
                    "leave it out: only a composite of states has members that are indicators",
                )
        members.append({**named, "weight": weight})
        member.done()
    return members


def _rule(reader: FieldReader, of: str, members: int) -> Any:
    raw = reader.raw("rule", RULES[of][0])
    if isinstance(raw, str) and raw in RULES[of]:
        return raw
    some = raw.get("k_of_n") if isinstance(raw, Mapping) and len(raw) == 1 else None
    if of != "figures" and isinstance(some, int) and not isinstance(some, bool) and 1 <= some <= members:
        return {"k_of_n": some}
    more = "" if of == "figures" else f' or {{"k_of_n": k}} with k from 1 to {members}'
    reader.fault("rule", raw, f"write {' or '.join(RULES[of])}{more}")
    return RULES[of][0]


def member_keys(target: Mapping[str, Any]) -> list[str]:
    """Return the keys of the targets from which this target is computed; empty if it is measured by an indicator or
    clock.
    """
    return [key for _, key in _named_targets(target, "")]


def check_composites(targets: Sequence[Mapping[str, Any]], findings: Findings) -> None:
    """Add a finding for each member of a composite that does not exist, cannot be combined, or depends on the
    composite.
    """
    by_key = {target["key"]: target for target in targets}
    for index, target in enumerate(targets):
        for field, key in _named_targets(target, f"targets[{index}].aggregation"):
            fault = _fault(target, by_key.get(key), by_key)
            if fault:
                findings.add(field, key, fault)


def _named_targets(target: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    aggregation = target["aggregation"]
    if not isinstance(aggregation, Mapping):
        return
    if "compliance" in aggregation:
        yield f"{path}.compliance.target", aggregation["compliance"]["target"]
    for place, member in enumerate(aggregation.get("composite", {}).get("members", [])):
        if "target" in member:
            yield f"{path}.composite.members[{place}].target", member["target"]


def _fault(target: Mapping[str, Any], member: Mapping[str, Any] | None, by_key: Mapping[str, Any]) -> str | None:
    if member is None:
        return f"write the key of another target of this agreement: {', '.join(filter(None, by_key)) or 'none yet'}"
    if "compliance" in target["aggregation"]:
        return None if member["aggregation"] == "clock" else "write the key of a target that is a clock on tickets"
    if _leads_back(target["key"], member, by_key):
        return "write another target: this one is judged by the composite itself"
    return _unlike(target, member)


def _unlike(target: Mapping[str, Any], member: Mapping[str, Any]) -> str | None:
    """Return a remedy if ``member`` cannot be a member of the composite ``target``; None if it can."""
    of, name = target["aggregation"]["composite"]["of"], aggregation_name(member)
    if of == "states":
        is_stated = vocabulary.KINDS[name].source == vocabulary.STATES
        return None if is_stated else "write a target of availability or an indicator: only these have states"
    if of == "figures" and not (name in _SHARES or name == "composite"):
        return "write a target whose figure is a share in percent"
    if name == "clock":
        return "write a compliance target over this clock: a clock is judged ticket by ticket"
    if member["window"] != target["window"]:
        return "write a target with the same window as the composite's"
    return None


def aggregation_name(target: Mapping[str, Any]) -> str:
    """Return the name of the aggregation of a resolved target, without its parameters."""
    return vocabulary.read_name(target["aggregation"])


def _leads_back(key: str, member: Mapping[str, Any], by_key: Mapping[str, Any]) -> bool:
    seen: set[str] = set()
    ahead = [member["key"]]
    while ahead:
        name = ahead.pop()
        if name == key:
            return True
        if name not in seen and name in by_key:
            seen.add(name)
            ahead += member_keys(by_key[name])
    return False
