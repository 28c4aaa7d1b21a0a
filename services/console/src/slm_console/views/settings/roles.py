"""Roles in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slm_console.views.reader import Reader

AUDITOR = "auditor"
SIGNATORIES = ("provider_signatory", "business_signatory")
ROLES = ("viewer", "service_level_manager", "integrator", *SIGNATORIES, AUDITOR)
"""Roles that can be given to a person of a company on the Settings pages."""


def names(reader: Reader) -> Mapping[str, str]:
    """Return role → what people with this role may do, in words."""
    return {
        "viewer": reader.gettext("reads"),
        "service_level_manager": reader.gettext("writes agreements and reviews"),
        "integrator": reader.gettext("connects tools"),
        "provider_signatory": reader.gettext("signs for the provider"),
        "business_signatory": reader.gettext("signs for the customer"),
        AUDITOR: reader.gettext("reads everything until a date, changes nothing"),
        "operator": reader.gettext("operates the installation"),
    }


def in_words(reader: Reader, roles: Iterable[str]) -> str:
    """Return what several roles may do, in one phrase."""
    known = names(reader)
    return reader.names([known.get(role, role) for role in roles])


def choices(reader: Reader, *, is_operator: bool) -> list[tuple[str, str]]:
    """Return the roles that the reader may give, each with its words; only an operator may give signatory roles."""
    known = names(reader)
    return [(role, known[role]) for role in ROLES if is_operator or role not in SIGNATORIES]
