"""Form for a new agreement of any kind with three usual promises, and the request body for the API.

In a service level agreement, the reader's company makes the promises to a customer. In the other kinds, a supplier or
an internal team makes them to the reader's company.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_console.views import durations
from slm_console.views.agreements.clauses import title_of
from slm_console.views.agreements.listing import kind_in_words
from slm_console.views.directory import Directory
from slm_console.views.moments import end_of_day, first_of_next_month, misread_day, start_of_day
from slm_console.views.reader import Reader

AVAILABLE, ANSWERED, RESOLVED = "available", "answered", "resolved"
SLA = "sla"
KINDS = (SLA, "ola", "uc")


@dataclass(frozen=True)
class DraftForm:
    """View model of the form: the options of its lists, and the values and errors of its fields."""

    kind: str
    kinds: list[tuple[str, str]]
    """Kinds of agreement with their names."""
    says: str
    """A sentence that says who makes the promises, and to whom, in an agreement of this kind."""
    companies: list[tuple[str, str]]
    services: list[tuple[str, str]]
    """For an ``sla``, own services. For other kinds, services of other companies, each after its company's name."""
    measurements: list[str]
    templates: list[DraftTemplate]
    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DraftTemplate:
    """A template that the draft can begin with, and the clauses that it brings, in words."""

    key: str
    title: str
    clauses: str


@dataclass(frozen=True)
class DraftBody:
    """Request body for the API, None if a field is wrong. ``errors``: field's name → error."""

    body: dict[str, Any] | None
    errors: dict[str, str]


def first_values(reader: Reader, company: str, kind: str = SLA) -> dict[str, str]:
    """Return the default values of the form's fields. ``company`` is the other party's id, empty if not yet known."""
    known = kind if kind in KINDS else SLA
    return {
        "kind": known,
        "template": f"{known}-standard",
        "customer": company,
        "from": first_of_next_month(reader),
        AVAILABLE: "99.9",
        ANSWERED: "30 min",
        RESOLVED: "4 h",
        "period": "month",
        "amount": "",
        "currency": "EUR",
    }


@dataclass(frozen=True)
class DraftSources:
    """Answers of the API that the form's lists are made of: indicators and templates."""

    indicators: Sequence[Mapping[str, Any]] = ()
    templates: Sequence[Mapping[str, Any]] = ()


def form_of(
    reader: Reader,
    directory: Directory,
    choices: DraftSources,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
) -> DraftForm:
    """Return the form's view model: possible customers, services, templates, and indicators of availability."""
    kind = _kind_in(values)
    companies = sorted(
        ((party_id, name) for party_id, name in directory.parties.items() if party_id != directory.own),
        key=lambda each: each[1].casefold(),
    )
    measurements = [str(each["key"]) for each in choices.indicators if each["kind"] == "availability"]
    return DraftForm(
        kind=kind,
        kinds=[(each, kind_in_words(reader, each)) for each in KINDS],
        says=_says(reader, kind),
        companies=companies,
        services=_services(directory, kind),
        measurements=measurements,
        templates=[_template(reader, each) for each in choices.templates if each["kind"] == kind],
        values=values,
        errors=errors or {},
    )


def _kind_in(values: Mapping[str, str]) -> str:
    kind = values.get("kind", "")
    return kind if kind in KINDS else SLA


def _says(reader: Reader, kind: str) -> str:
    said = {
        SLA: reader.gettext("Your company promises a customer how good a service is."),
        "ola": reader.gettext("A team promises your company what a promise to a customer rests on."),
        "uc": reader.gettext("A supplier promises your company what a promise to a customer rests on."),
    }
    return said[kind]


def _services(directory: Directory, kind: str) -> list[tuple[str, str]]:
    found = directory.services.items()
    if kind == SLA:
        return [(key, str(each["name"])) for key, each in found if each.get("provider_party_id") == directory.own]
    others = [
        (key, f"{directory.company(str(each.get('provider_party_id')))}: {each['name']}")
        for key, each in found
        if each.get("provider_party_id") != directory.own
    ]
    return sorted(others, key=lambda each: each[1].casefold())


def _template(reader: Reader, template: Mapping[str, Any]) -> DraftTemplate:
    clauses = [title_of(reader, str(name)) for name in template["document"]["clauses"]]
    return DraftTemplate(str(template["key"]), str(template["title"]), reader.names(clauses))


def body_of(reader: Reader, directory: Directory, values: Mapping[str, str]) -> DraftBody:
    """Return the request body that drafts the agreement, or the errors; a promise without a value is left out."""
    errors: dict[str, str] = {}
    kind, service_id = _kind_in(values), values.get("service", "")
    provider, customer = directory.own, values.get("customer", "")
    if service_id not in directory.services:
        errors["service"] = reader.gettext("Say what the agreement is about.")
    elif kind != SLA:
        provider, customer = str(directory.services[service_id].get("provider_party_id")), directory.own
    if kind == SLA and customer not in directory.parties:
        errors["customer"] = reader.gettext("Choose whom you promise it to.")
    begins = start_of_day(reader, values.get("from", ""))
    if begins is None:
        errors["from"] = misread_day(reader, values.get("from", ""), is_needed=True)
    if misread := misread_day(reader, values.get("until", "")):
        errors["until"] = misread
    ends = end_of_day(reader, values["until"]) if values.get("until") else None
    targets = _targets(reader, directory, values, errors)
    if kind != SLA:
        _measured_by_customer(targets)
    if not targets and not errors:
        errors[AVAILABLE] = reader.gettext("Promise at least one thing.")
    charges = _charges(reader, values, errors)
    if errors:
        return DraftBody(None, errors)
    service = directory.service(service_id)
    document = {
        "title": values.get("title") or f"{service}, {directory.company(customer if kind == SLA else provider)}",
        "timezone": reader.zone.key,
        "term": {"effective_at": begins, "expires_at": ends, "notice": "P90D"},
        "review": {"cadence": "month", "on_breach": True},
        "clauses": {"service_description": {"text": f"{service}: {directory.outcome(service_id)}."}, **charges},
        "targets": targets,
    }
    body = {
        "kind": kind,
        "template": values.get("template") or None,
        "provider_party_id": provider,
        "customer_party_id": customer,
        "service_id": service_id,
        "document": document,
    }
    return DraftBody(body, {})


def new_service(values: Mapping[str, str]) -> dict[str, str] | None:
    """Return the request body for the new service that the form names, None if it names none."""
    name = values.get("service_name", "")
    if not name or values.get("service"):
        return None
    return {"key": _measurement({"key": name}), "name": name, "outcome": values.get("service_outcome") or name}


def _targets(
    reader: Reader, directory: Directory, values: Mapping[str, str], errors: dict[str, str]
) -> list[dict[str, Any]]:
    service_id = values.get("service", "")
    service = directory.services.get(service_id, {})
    found: list[dict[str, Any]] = []
    if values.get(AVAILABLE):
        percent = _percent(values[AVAILABLE])
        if percent is None:
            errors[AVAILABLE] = reader.gettext("Write a share between 0 and 100, such as 99.9.")
        found.append(
            {
                "key": "availability",
                "title": reader.gettext("%(service)s is available", service=service.get("name", "")),
                "indicator": values.get("measurement") or _measurement(service),
                "aggregation": "availability",
                "objective": {"at_least": percent or "0", "unit": "percent"},
                "window": {"calendar": values.get("period") or "month"},
            }
        )
    for name, clock, title in (
        (ANSWERED, "response", reader.gettext("P1 incidents are answered")),
        (RESOLVED, "resolution", reader.gettext("P1 incidents are resolved")),
    ):
        if values.get(name):
            within = durations.written(values[name])
            if within is None:
                errors[name] = reader.gettext("Write a length of time, such as 4 h or 90 min.")
            found.append(_ticket_target(clock, title, within or "PT1H"))
    return found


def _measured_by_customer(targets: Sequence[dict[str, Any]]) -> None:
    """Set the customer as owner of each target's indicator: the reader's company is the customer, and it measures."""
    for each in targets:
        if "indicator" in each:
            each["indicator"] = {"key": each["indicator"], "owner": "customer"}


def _ticket_target(clock: str, title: str, within: str) -> dict[str, Any]:
    return {
        "key": f"p1-{clock}",
        "title": title,
        "aggregation": "clock",
        "clock": clock,
        "objective": {"within": {"calendar": within}},
        "applies_to": {"type": "incident", "priority": ["P1"]},
        **({"pause": ["awaiting_customer"]} if clock == "resolution" else {}),
    }


def _measurement(service: Mapping[str, Any]) -> str:
    """Return the key for an indicator that does not exist yet: the service's own key."""
    key = re.sub(r"[^a-z0-9.-]+", "-", str(service.get("key") or "service").lower()).strip("-.")
    return key or "service"


def _percent(text: str) -> str | None:
    try:
        number = Decimal(text.replace("%", "").replace(",", ".").strip())
    except InvalidOperation:
        return None
    return format(number, "f") if number.is_finite() and 0 < number <= 100 else None


def _charges(reader: Reader, values: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    if not values.get("amount"):
        return {}
    try:
        amount = Decimal(values["amount"].replace("'", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        errors["amount"] = reader.gettext("Write an amount, such as 4200.")
        return {}
    text = reader.gettext("A fixed price a month.")
    currency = values.get("currency") or "EUR"
    return {"charges": {"text": text, "amount": f"{amount:.2f}", "currency": currency, "per": "month"}}
