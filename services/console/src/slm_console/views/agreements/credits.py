"""Credit schedules in words: what a missed promise costs, band by band, and what limits the sum."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_console.views import durations
from slm_console.views.promises import sentence, short_unit
from slm_console.views.reader import Reader

Terms = Mapping[str, Any]


def schedule_of(document: Terms, target: Terms) -> Terms | None:
    """Return the credit schedule that a target names; None if it names none."""
    schedules = document.get("credit_schedules") or {}
    found = schedules.get(str(target.get("credit") or ""))
    return found if isinstance(found, Mapping) else None


def credits_in_words(reader: Reader, document: Terms, target: Terms) -> list[str]:
    """Return the credit schedule of a target as sentences: one for each band with a credit or reward, then the limits.

    A band is a range of figures. The result is empty if the target names no schedule.
    """
    schedule = schedule_of(document, target)
    if schedule is None:
        return []
    unit = "%"
    if schedule.get("measure") == "value":
        unit = short_unit(str((target.get("objective") or {}).get("unit") or ""))
    return schedule_in_words(reader, schedule, unit)


def promise_with_costs(reader: Reader, document: Terms, target: Terms) -> str:
    """Return a target as a sentence, followed by its credit schedule as sentences.

    Both are in one text, because people sign and change the schedule together with the promise.
    """
    costs, said = credits_in_words(reader, document, target), sentence(reader, target)
    return f"{said}. {reader.gettext('What a miss costs:')} {' '.join(costs)}".rstrip(".") if costs else said


def schedule_in_words(reader: Reader, schedule: Terms, unit: str = "") -> list[str]:
    """Return a credit schedule as sentences. ``unit`` is the unit of the figures in its bands."""
    bands = [each for each in schedule.get("bands") or () if not each.get("nothing")]
    return [_band(reader, schedule, band, unit) for band in bands] + _limits(reader, schedule)


def _band(reader: Reader, schedule: Terms, band: Terms, unit: str) -> str:
    figures = _figures(reader, schedule, band, unit)
    pays = _pays(reader, schedule, band)
    if band.get("reward"):
        sentence = reader.gettext("%(figures)s: %(pays)s as a reward for the provider", figures=figures, pays=pays)
    else:
        sentence = reader.gettext("%(figures)s: %(pays)s", figures=figures, pays=pays)
    clause = band.get("clause") or schedule.get("clause")
    return f"{sentence} ({clause})." if clause else f"{sentence}."


def _figures(reader: Reader, schedule: Terms, band: Terms, unit: str) -> str:
    """Return which figures a band holds, such as ``From 95 % to below 99 %``."""
    bands = schedule["bands"]
    is_first, is_last = band == bands[0], band == bands[-1]
    measure = schedule.get("measure")

    def quantity(value: Any) -> str:
        number = _number(reader, value)
        if measure == "missed_units":
            return reader.gettext("%(number)s missed", number=number)
        if measure == "missed_percent":
            return reader.gettext("%(number)s %% missed", number=number)
        return f"{number} {unit}".strip()

    start, end = quantity(band.get("from")), quantity(band.get("to"))
    is_right = band.get("closed") == "right"
    if is_first and is_last:
        return reader.gettext("Whatever the figure")
    if is_first:
        return reader.gettext("Up to %(end)s", end=end) if is_right else reader.gettext("Below %(end)s", end=end)
    if is_last:
        return (
            reader.gettext("Above %(start)s", start=start)
            if is_right
            else reader.gettext("From %(start)s on", start=start)
        )
    if is_right:
        return reader.gettext("Above %(start)s up to %(end)s", start=start, end=end)
    return reader.gettext("From %(start)s to below %(end)s", start=start, end=end)


def _pays(reader: Reader, schedule: Terms, band: Terms) -> str:
    currency = str(schedule.get("currency") or "")

    def money(name: str) -> str:
        return _money(reader, band[name], currency)

    if "flat" in band:
        return money("flat")
    if "percent_of_charge" in band:
        return reader.gettext("%(percent)s %% of the charge", percent=_number(reader, band["percent_of_charge"]))
    if "per_missed_percent" in band:
        return reader.gettext("%(money)s for each percentage point missed", money=money("per_missed_percent"))
    if "per_missed_unit" in band:
        said = reader.gettext("%(money)s for each missed unit", money=money("per_missed_unit"))
    else:
        percent = _number(reader, band.get("percent_per_unit"))
        said = reader.gettext("%(percent)s %% of the charge for each missed unit", percent=percent)
    if not band.get("rates"):
        return said
    return reader.gettext("%(pays)s, other rates at some hours", pays=said)


def _limits(reader: Reader, schedule: Terms) -> list[str]:
    """Return the rules of a credit schedule that hold for all of its bands, as sentences.

    These are the caps, the amount below which a credit is carried to the next period, when a credit is taken back, and
    how many missed periods give the right to end the agreement.
    """
    currency = str(schedule.get("currency") or "")
    found = []
    if cap := schedule.get("cap_per_period"):
        found.append(reader.gettext("At most %(cap)s in a period.", cap=_cap(reader, cap, currency)))
    if cap := schedule.get("cap_per_year"):
        found.append(reader.gettext("At most %(cap)s in a year.", cap=_cap(reader, cap, currency)))
    least = str(schedule.get("minimum_payout") or "0")
    if least != "0":
        money = _money(reader, least, currency)
        found.append(reader.gettext("Less than %(money)s is carried to the next period.", money=money))
    if earned := schedule.get("earn_back"):
        found.append(
            reader.ngettext(
                "A credit is taken back if the next period is met.",
                "A credit is taken back if the next %(count)s periods are all met.",
                int(earned["met_windows"]),
            )
        )
    if chronic := schedule.get("chronic_failure"):
        found.append(
            reader.ngettext(
                "One missed period of the last %(of)s gives the right to end the agreement, for %(lasts)s.",
                "%(count)s missed periods of the last %(of)s give the right to end the agreement, for %(lasts)s.",
                int(chronic["breached"]),
                of=reader.whole(int(chronic["of"])),
                lasts=durations.in_words(reader, str(chronic["lasts"])),
            )
        )
    return found


def _cap(reader: Reader, cap: Terms, currency: str) -> str:
    if "amount" in cap:
        return _money(reader, cap["amount"], currency)
    return reader.gettext("%(percent)s %% of the charge", percent=_number(reader, cap.get("percent_of_charge")))


def _money(reader: Reader, amount: Any, currency: str) -> str:
    try:
        return reader.money(Decimal(str(amount)), currency)
    except InvalidOperation:  # an exact fraction whose decimals never end
        return f"{currency} {amount}"


def _number(reader: Reader, value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value or "")
    exponent = number.as_tuple().exponent
    return reader.decimal(number, max(0, -exponent) if isinstance(exponent, int) else 0)
