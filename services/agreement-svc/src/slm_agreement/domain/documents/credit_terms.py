"""Money in the terms: the charge of a period, the credit schedules, and the targets that name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slm_agreement.domain.errors import Finding, Findings
from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.terms.reading import KEY, KEY_REMEDY, FieldReader, decimal_text
from slm_credits import schedule
from slm_credits.errors import CreditError
from slm_credits.objectives import find_paid_success, parse_objective
from slm_credits.schedule import Schedule
from slm_credits.schedule_document import parse_schedule, write_schedule

CHARGE, SCHEDULES, CREDIT = "period_charge", "credit_schedules", "credit"
_MOST_SCHEDULES = 50
_CURRENCY = re.compile(r"[A-Z]{3}")


def resolve_charge(reader: FieldReader) -> dict[str, Any] | None:
    """Read the charge of a period: ``{"amount": "4200", "currency": "EUR", "per": "month"}``; None: no charge."""
    if reader.raw(CHARGE) is None:
        return None
    charge = FieldReader(reader.raw(CHARGE), CHARGE, reader.findings)
    currency = charge.text("currency")
    if not _CURRENCY.fullmatch(currency):
        charge.fault("currency", currency, "write an ISO 4217 code, such as EUR")
    resolved = {
        "amount": charge.decimal("amount"),
        "currency": currency,
        "per": charge.choice("per", target_windows.CALENDAR_WINDOWS, "month"),
    }
    charge.done()
    return resolved


def resolve_schedules(reader: FieldReader, timezone: str) -> dict[str, Any]:
    """Read the credit schedules by key, each with every default; ``timezone`` is that of the agreement."""
    written = reader.raw(SCHEDULES, {})
    example = '{"bands-a": {"currency": "EUR", "bands": […]}}'
    if not isinstance(written, Mapping) or len(written) > _MOST_SCHEDULES:
        reader.fault(SCHEDULES, written, f"write up to {_MOST_SCHEDULES} schedules by name, like {example}")
        return {}
    resolved: dict[str, Any] = {}
    for key, document in written.items():
        path = f"{SCHEDULES}.{key}"
        if not KEY.match(str(key)):
            reader.findings.add(path, key, KEY_REMEDY)
            continue
        try:
            resolved[str(key)] = write_schedule(parse_schedule(document, timezone))
        except CreditError as error:
            resolved[str(key)] = None
            for fault in error.errors:
                field = fault["field"].removeprefix("schedule.").removeprefix("schedule")
                reader.findings.add(f"{path}.{field}" if field else path, fault["value"], fault["remedy"])
    return resolved


def check_money(document: Mapping[str, Any], findings: Findings) -> None:
    """Add findings about the charge, the credit schedules, and the targets that name schedules.

    There is a finding if a target's schedule is missing or does not fit the target, if the clause about charges states
    another price than the period charge, and if a schedule has another currency than the charge on which it depends.
    ``document`` is resolved except for its invalid parts: a schedule that could not be read is None.
    """
    charge = document.get(CHARGE)
    schedules = {
        key: None if each is None else parse_schedule(each, document["timezone"])
        for key, each in document.get(SCHEDULES, {}).items()
    }
    _refuse_second_price(document["clauses"].get("charges"), charge, findings)
    for key, defined in schedules.items():
        if defined is not None and defined.needs_charge and charge and charge["currency"] != defined.currency:
            remedy = f"write {charge['currency']}, the currency of period_charge: amounts are never converted"
            findings.add(f"{SCHEDULES}.{key}.currency", defined.currency, remedy)
    for index, target in enumerate(document["targets"]):
        key, path = target[CREDIT], f"targets[{index}]"
        # A target with faults has replaced values, of which nothing follows.
        if key is None or any(each.field.startswith(path) for each in findings.items):
            continue
        field = f"{path}.{CREDIT}"
        if key not in schedules:
            known = f"one of: {', '.join(schedules)}" if schedules else "a schedule of credit_schedules"
            findings.add(field, key, f"write the name of {known}, or leave it out")
        elif (defined := schedules[key]) is not None:
            _check_target(target, key, defined, field, findings)


def find_money_findings(document: Mapping[str, Any]) -> list[Finding]:
    """Return a warning for each schedule that no target names, and a warning if a schedule needs a period charge but
    the document has none.
    """
    schedules = document.get(SCHEDULES, {})
    named = {target.get(CREDIT) for target in document["targets"]}
    unused = [
        Finding(
            f"{SCHEDULES}.{key}",
            key,
            f'name it in a target, "{CREDIT}": "{key}", or leave the schedule out: it pays for nothing as it is',
            "credit.unused-schedule",
            "warning",
        )
        for key in schedules
        if key not in named
    ]
    needing = [
        key
        for key, each in schedules.items()
        if key in named and parse_schedule(each, document["timezone"]).needs_charge
    ]
    if not needing or document.get(CHARGE) is not None:
        return unused
    example = '{"amount": "4200", "currency": "EUR", "per": "month"}'
    remedy = (
        f"write the charge of a period, like {example}: {', '.join(needing)} pays a share of it, and without it no "
        "credit can be computed"
    )
    return [*unused, Finding(CHARGE, "none", remedy, "credit.no-period-charge", "warning")]


def _check_target(target: Mapping[str, Any], key: str, defined: Schedule, field: str, findings: Findings) -> None:
    window = target["window"]
    if not target_windows.is_closing(window):
        remedy = (
            "leave it out, and name it in a compliance target of this clock: credits are paid for closed windows"
            if target["aggregation"] == "clock"
            else 'write a calendar window, like {"calendar": "month"}: a rolling window never closes'
        )
        findings.add(field, key, remedy)
        return
    is_share = target["objective"].get("unit") == "percent"
    if not is_share and defined.measure in (schedule.ATTAINED, schedule.MISSED_PERCENT):
        remedy = f"write a schedule with the measure value or missed_units: {defined.measure} is of figures in percent"
        findings.add(field, key, remedy)
        return
    if not is_share and any(band.formula == schedule.PER_MISSED_PERCENT for band in defined.bands):
        findings.add(field, key, "write a schedule without per_missed_percent: this target has no percent")
        return
    objective = parse_objective(target["objective"])
    paid = None if objective is None else find_paid_success(defined, objective)
    if paid is not None:
        remedy = f"target {target['key']}: {paid['remedy']}"
        findings.add(f"{SCHEDULES}.{key}.{paid['field']}", paid["value"], remedy)


def _refuse_second_price(charges: Any, charge: Mapping[str, Any] | None, findings: Findings) -> None:
    """Refuse a clause about charges that states another price than ``period_charge``: only one price can be right."""
    if charge is None or not isinstance(charges, Mapping):
        return
    for name, agreed in charge.items():
        said = charges.get(name)
        same = said == agreed or (name == "amount" and decimal_text(said) == agreed)
        if said is not None and not same:
            remedy = f"leave it out, or write {agreed}, as in period_charge: only one price can be agreed"
            findings.add(f"clauses.charges.{name}", said, remedy)
