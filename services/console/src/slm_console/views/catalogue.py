"""Pages of the catalogue: all services with what is promised about them, and the form of one service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader
from slm_console.views.sentences import typed
from slm_console.views.tables import Column

STATUSES = ("pipeline", "live", "retired")
WITHOUT_PROMISE = "none"
_NEXT: Mapping[str, tuple[str, ...]] = {
    "": ("live", "pipeline"),
    "pipeline": ("pipeline", "live", "retired"),
    "live": ("live", "retired"),
    "retired": ("retired", "pipeline"),
}
"""Present status, empty for a new service → the statuses that the form offers, the present one first."""
FIELDS = (
    "name", "outcome", "description", "status", "planned", "outcomes", "moments", "owner", "priority", "weight",
    "parts",
)  # fmt: skip
_MANAGER = "service_level_manager"


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A row for one service with its counts of promises."""

    service_id: str
    name: str
    note: str
    status: str
    provider: str
    owner: str
    priority: str
    covered: str
    is_gap: bool
    """Whether the service is planned or live and nothing is promised about it."""
    agreements: int
    promises: int
    customers: int


@dataclass(frozen=True)
class ServiceForm:
    """The form of a service: the typed texts, the statuses to choose from, and field → what is wrong with it."""

    values: Mapping[str, str]
    statuses: Sequence[tuple[str, str]]
    errors: Mapping[str, str] = field(default_factory=dict)


def status_in_words(reader: Reader, status: str) -> str:
    """Return a service's status in words."""
    return {
        "pipeline": reader.gettext("planned"),
        "live": reader.gettext("in use"),
        "retired": reader.gettext("no longer offered"),
    }.get(status, status)


def planned_day(reader: Reader, service: Mapping[str, Any]) -> str:
    """Return the day of the next planned status in words; empty if none is planned."""
    midnight = instants.read(f"{service['planned_on']}T00:00:00Z") if service["planned_on"] else None
    return "" if midnight is None else reader.contract_day(midnight, "UTC")


def history_of(reader: Reader, service: Mapping[str, Any]) -> list[str]:
    """Return the service's statuses in words, each with its day and who set it, the latest first."""
    found = []
    for each in reversed(service["status_history"]):
        since = instants.read(each["since"])
        moment = "" if since is None else reader.dated_within(since)
        status = status_in_words(reader, each["status"])
        found.append(
            reader.gettext("%(status)s since %(moment)s, by %(who)s", status=status, moment=moment, who=each["by"])
        )
    return found


def may_edit(directory: Directory, provider_party_id: str) -> bool:
    """Whether the reader may change the services of this provider."""
    return directory.has_role(_MANAGER) and directory.own == provider_party_id


def columns(reader: Reader) -> list[Column[CatalogueRow]]:
    """Return the columns of the catalogue."""
    return [
        Column("service", reader.gettext("Service"), lambda row: row.name),
        Column("status", reader.gettext("Status"), lambda row: row.status),
        Column("provider", reader.gettext("Provided by"), lambda row: row.provider),
        Column("owner", reader.gettext("Owner"), lambda row: row.owner),
        Column("priority", reader.gettext("Priority"), lambda row: row.priority, is_number=True),
        Column("covered", reader.gettext("Promised"), lambda row: row.covered),
        Column(
            "agreements", reader.gettext("Agreements"), lambda row: reader.whole(row.agreements),
            order=lambda row: row.agreements, is_number=True,
        ),
        Column(
            "promises", reader.gettext("Promises"), lambda row: reader.whole(row.promises),
            order=lambda row: row.promises, is_number=True,
        ),
        Column(
            "customers", reader.gettext("Customers"), lambda row: reader.whole(row.customers),
            order=lambda row: row.customers, is_number=True,
        ),
    ]  # fmt: skip


def rows(reader: Reader, directory: Directory, services: Iterable[Mapping[str, Any]]) -> list[CatalogueRow]:
    """Return the rows of the catalogue by name; first the planned or live services about which nothing is promised.

    ``services`` is the API's answer that says by which agreements each service is covered.
    """
    found = [_catalogue_row(reader, directory, each) for each in services]
    return sorted(found, key=lambda row: (not row.is_gap, row.name.casefold()))


def _catalogue_row(reader: Reader, directory: Directory, service: Mapping[str, Any]) -> CatalogueRow:
    stage = service["covered_by"]
    counts = service[stage if stage != WITHOUT_PROMISE else "negotiated"]
    planned = planned_day(reader, service)
    status = status_in_words(reader, service["status"])
    return CatalogueRow(
        service_id=service["service_id"],
        name=str(service["outcome"] or service["name"]),
        note=str(service["name"]) if service["outcome"] else "",
        status=f"{status} ({planned})" if planned else status,
        provider=directory.company(service["provider_party_id"]),
        owner=str(service["owner"]),
        priority="" if service["priority"] is None else str(service["priority"]),
        covered={
            "in_force": reader.gettext("yes"),
            "signed": reader.gettext("signed, begins later"),
            "negotiated": reader.gettext("being negotiated"),
        }.get(stage, reader.gettext("nothing is promised")),
        is_gap=stage == WITHOUT_PROMISE and service["status"] != "retired",
        agreements=counts["agreements"],
        promises=counts["targets"],
        customers=counts["customers"],
    )


def service_form(
    reader: Reader,
    service: Mapping[str, Any] | None,
    written: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> ServiceForm:
    """Return the form of a service.

    - ``service``: the stored service; None if the form is for a new one.
    - ``written``: the fields as the reader typed them; None if the reader has not submitted the form yet.
    """
    present = "" if service is None else str(service["status"])
    statuses = [(each, status_in_words(reader, each)) for each in _NEXT[present]]
    values = dict(written) if written is not None else _values(reader, service)
    return ServiceForm(values, statuses, errors or {})


def _values(reader: Reader, service: Mapping[str, Any] | None) -> dict[str, str]:
    if service is None:
        return dict.fromkeys(FIELDS, "")
    return {
        "name": service["name"],
        "outcome": service["outcome"],
        "description": service["description"],
        "status": service["status"],
        "planned": service["planned_on"] or "",
        "outcomes": "\n".join(service["further_outcomes"]),
        "moments": "\n".join(service["moments_of_truth"]),
        "owner": service["owner"],
        "priority": str(service["priority"] or ""),
        "weight": str(service["weight"] or ""),
        "parts": "\n".join(_part_line(each) for each in service.get("configuration_items", ())),
    }


def _part_line(item: Mapping[str, Any]) -> str:
    """Return a configuration item as a line of the form, its name before its external ids: ``name, system:id``."""
    return ", ".join([item["name"], *(f"{each['system']}:{each['id']}" for each in item["external_refs"])])


def service_body(
    reader: Reader, written: Mapping[str, str], service: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the request body for the typed fields, and the errors: field → what is wrong with it.

    ``service`` is the stored service, None for a new one. The form does not show the service's external references, nor
    the addresses of its configuration items. Both stay as they are stored.
    """
    errors: dict[str, str] = {}
    if not written["name"]:
        errors["name"] = reader.gettext("Write a name.")
    planned = _planned(reader, written, service, errors)
    body: dict[str, Any] = {
        "name": written["name"],
        "outcome": written["outcome"],
        "description": written["description"],
        "external_refs": [] if service is None else service["external_refs"],
        "status": written["status"] or None,
        "planned_on": planned,
        "further_outcomes": _written_lines(written["outcomes"]),
        "moments_of_truth": _written_lines(written["moments"]),
        "owner": written["owner"],
        "priority": _typed_number(reader, written, "priority", 5, errors),
        "weight": _typed_number(reader, written, "weight", 1000, errors),
        "configuration_items": _parts(reader, written["parts"], service, errors),
    }
    return body, errors


def _planned(
    reader: Reader, written: Mapping[str, str], service: Mapping[str, Any] | None, errors: dict[str, str]
) -> str | None:
    """Return the day of the next planned status as an ISO 8601 date, None if no valid day was typed.

    Also None if the status changes and the day does not: the stored day was the day of this change.
    """
    if not written["planned"]:
        return None
    try:
        planned = typed.day(reader, written["planned"], reader.local(reader.now).date()).isoformat()
    except typed.Misread as misread:
        errors["planned"] = str(misread)
        return None
    is_over = service is not None and written["status"] != service["status"] and planned == service["planned_on"]
    return None if is_over else planned


def _written_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _typed_number(
    reader: Reader, written: Mapping[str, str], name: str, most: int, errors: dict[str, str]
) -> int | None:
    text = written[name]
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= most:
        return int(text)
    errors[name] = reader.gettext("Write a whole number from 1 to %(most)s.", most=most)
    return None


def _parts(
    reader: Reader, text: str, service: Mapping[str, Any] | None, errors: dict[str, str]
) -> list[dict[str, Any]]:
    stored = () if service is None else service.get("configuration_items", ())
    known = {(ref["system"], ref["id"]): ref for item in stored for ref in item["external_refs"]}
    found = []
    for line in _written_lines(text):
        name, *references = [each.strip() for each in line.split(",")]
        refs = []
        for reference in filter(None, references):
            system, colon, identity = reference.partition(":")
            if not (system.strip() and colon and identity.strip()):
                errors["parts"] = reader.gettext("Write each id as system:id, like cmdb:CI-2041.")
                continue
            pair = (system.strip(), identity.strip())
            refs.append(known.get(pair, {"system": pair[0], "id": pair[1]}))
        if not name:
            errors["parts"] = reader.gettext("Begin each line with a name.")
        found.append({"name": name, "external_refs": refs})
    return found
