"""The public holidays of a country or one of its subdivisions, as dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holidays as public_holidays

from slm_calendar.errors import CalendarError, Finding, finding

FIELDS = {"country", "subdivision", "name"}


def resolve_country_holidays(entries: list[Any], first_year: int, last_year: int) -> list[Any]:
    """Return the holiday entries of a service hours document. Each entry of a country is replaced by the country's
    holidays.

    For ``{"country", "subdivision"}`` there is one ``{"date", "name"}`` for every public holiday of the years
    first_year to last_year. Raises CalendarError for an unknown country or subdivision, and if ``last_year`` is before
    ``first_year``.
    """
    errors: list[Finding] = []
    if last_year < first_year:
        errors.append(finding("last_year", last_year, f"give a year that is not before {first_year}"))
    resolved: list[Any] = []
    for index, entry in enumerate(entries):
        if isinstance(entry, Mapping) and "country" in entry:
            resolved += _dates(entry, f"holidays[{index}]", range(first_year, last_year + 1), errors)
        else:
            resolved.append(entry)
    if errors:
        raise CalendarError(errors)
    return resolved


def _dates(entry: Mapping[str, Any], field: str, years: range, errors: list[Finding]) -> list[dict[str, str]]:
    for key in set(entry) - FIELDS:
        errors.append(finding(f"{field}.{key}", entry[key], 'give "country" and, if there is one, "subdivision"'))
    country, subdivision = str(entry["country"]), entry.get("subdivision")
    known = public_holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        errors.append(
            finding(f"{field}.country", country, "give an ISO 3166-1 code such as DE, or the dates themselves")
        )
        return []
    if subdivision is not None and subdivision not in known[country]:
        offered = ", ".join(known[country]) or "none"
        errors.append(finding(f"{field}.subdivision", subdivision, f"known for {country}: {offered}"))
        return []
    # Without a language the names would follow the environment's LANG, and a revision's hash with them.
    language = public_holidays.country_holidays(country).default_language
    found = public_holidays.country_holidays(country, subdiv=subdivision, years=years, language=language)
    return [{"date": str(day), "name": name} for day, name in sorted(found.items())]
