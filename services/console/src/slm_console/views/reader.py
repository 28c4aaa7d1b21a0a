"""The reader, the person who looks at a page: language, formats, time zone, and the instant of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_SECONDS_WITHIN = 10 * MINUTE
"""Below this, a running clock shows seconds; above, they would only make a column of times hard to read."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(microseconds: int) -> datetime:
    """Return an instant, in microseconds since 1970, as a UTC datetime without rounding."""
    return _EPOCH + timedelta(microseconds=microseconds)


@dataclass(frozen=True)
class Reader:
    """The person who looks at a page; formats texts, numbers, instants and money for them.

    ``now`` is the instant of the page, in microseconds since 1970.
    """

    now: int
    locale: Locale = field(default_factory=lambda: Locale("en", "GB"))
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    translations: NullTranslations = field(default_factory=NullTranslations)

    def gettext(self, message: str, **values: object) -> str:
        """Return a message in the reader's language, with ``%(name)s`` replaced by the value of that name."""
        text = self.translations.gettext(message)
        return text % values if values else text

    def ngettext(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the singular or plural message for ``count``; the message can show it as ``%(count)s``."""
        return self.translations.ngettext(one, many, count) % {"count": self.whole(count), **values}

    def whole(self, number: int) -> str:
        """Return a whole number with separators: ``1234`` → ``1,234``."""
        return format_decimal(number, locale=self.locale)

    def decimal(self, number: Fraction | Decimal | int, places: int) -> str:
        """Return a number with exactly ``places`` decimals, rounded half to even."""
        value = Decimal(round(Fraction(number) * 10**places)).scaleb(-places)
        pattern = "#,##0" + ("." + "0" * places if places else "")
        return format_decimal(value, format=pattern, locale=self.locale)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount of money: ``1180``, ``EUR`` → ``€ 1,180``; cents are shown only if there are any."""
        pattern = "¤\N{NO-BREAK SPACE}#,##0" if amount == amount.to_integral_value() else "¤\N{NO-BREAK SPACE}#,##0.00"
        return format_currency(amount, currency, format=pattern, locale=self.locale, currency_digits=False)

    def names(self, names: list[str]) -> str:
        """Return names as a list in words: ``[a, b, c]`` → ``a, b and c``."""
        return format_list(names, locale=self.locale)

    def local(self, microseconds: int) -> datetime:
        """Return an instant as a datetime in the reader's time zone."""
        return at(microseconds).astimezone(self.zone)

    @property
    def city(self) -> str:
        """The city of the reader's time zone: ``Europe/Zurich`` → ``Zurich``."""
        return self.zone.key.rpartition("/")[2].replace("_", " ")

    def time(self, microseconds: int) -> str:
        """Return the time of day in the reader's time zone: ``10:42``."""
        return format_time(self.local(microseconds), "HH:mm", locale=self.locale)

    def day(self, microseconds: int) -> str:
        """Return the day in the reader's time zone: ``Thu 3 Dec``, or ``3 Dec 2027`` if not in the present year."""
        local = self.local(microseconds)
        same_year = local.year == self.local(self.now).year
        return format_date(local, "EEE d MMM" if same_year else "d MMM y", locale=self.locale)

    def contract_day(self, microseconds: int, zone: str, *, is_end: bool = False) -> str:
        """Return a day in the contract's own time zone, always with the year: ``1 Jan 2027``.

        The reader's zone is not used: midnight in Zurich is the day before in Lisbon, but the contract names one day.
        With ``is_end``, midnight is shown as the day before, which is the last day that the contract includes.
        """
        there = at(microseconds - 1 if is_end else microseconds).astimezone(ZoneInfo(zone))
        return format_date(there, "d MMM y", locale=self.locale)

    def month(self, microseconds: int) -> str:
        """Return the month in the reader's time zone: ``November 2026``."""
        return format_date(self.local(microseconds), "LLLL y", locale=self.locale)

    def short_month(self, microseconds: int) -> str:
        """Return the short name of the month in the reader's time zone: ``Nov``."""
        return format_date(self.local(microseconds), "LLL", locale=self.locale)

    def moment(self, microseconds: int) -> str:
        """Return an instant in the shortest form that is clear.

        ``10:42`` today, ``Thu 14:00`` within six days, else ``3 Dec 14:00``, or ``3 Dec 2027 14:00`` in another year.
        """
        local, now = self.local(microseconds), self.local(self.now)
        apart = (local.date() - now.date()).days
        clock = self.time(microseconds)
        if apart == 0:
            return clock
        if -6 <= apart <= 6:
            return f"{format_date(local, 'EEE', locale=self.locale)} {clock}"
        pattern = "d MMM" if local.year == now.year else "d MMM y"
        return f"{format_date(local, pattern, locale=self.locale)} {clock}"

    def dated(self, microseconds: int) -> str:
        """Return an instant for a history, where each row names its day: ``Today 10:42``. For any other day, return
        what ``moment`` returns.
        """
        is_today = self.local(microseconds).date() == self.local(self.now).date()
        shown = self.moment(microseconds)
        return self.gettext("Today %(time)s", time=shown) if is_today else shown

    def dated_within(self, microseconds: int) -> str:
        """Return an instant within a sentence: ``today 10:42``; for any other day, return what ``moment`` returns."""
        is_today = self.local(microseconds).date() == self.local(self.now).date()
        shown = self.moment(microseconds)
        return self.gettext("today %(time)s", time=shown) if is_today else shown

    def span(self, start: int, end: int) -> str:
        """Return start and end of an interval, with the day only once if it is the same: ``12 Oct 08:20–09:24``."""
        if self.local(start).date() == self.local(end).date():
            return f"{self.moment(start)}–{self.time(end)}"
        return f"{self.moment(start)} – {self.moment(end)}"

    def full(self, microseconds: int, zone: str = "") -> str:
        """Return an instant to the second for a tooltip: in UTC, and in ``zone`` too if that is another time zone."""
        utc = format_datetime(at(microseconds), "d MMM y HH:mm:ss 'UTC'", locale=self.locale)
        if not zone or zone == "UTC":
            return utc
        there = at(microseconds).astimezone(ZoneInfo(zone))
        city = zone.rpartition("/")[2].replace("_", " ")
        return f"{format_datetime(there, 'd MMM y HH:mm:ss', locale=self.locale)} {city} · {utc}"

    def length(self, microseconds: int | Fraction, parts: int = 2) -> str:
        """Return a length of time in its ``parts`` largest units: ``4 h 32 min``, ``41 min 10 s``, ``3 days``,
        ``0.4 s``.
        """
        exact = Fraction(microseconds)
        if 0 < exact < SECOND:
            return self.gettext(
                "%(seconds)s s", seconds=self.decimal(exact / SECOND, 1 if exact >= SECOND // 10 else 3)
            )
        left = round(exact / SECOND) * SECOND
        texts: list[str] = []
        for unit, one in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
            count, left = divmod(left, unit)
            if count and len(texts) < parts:
                texts.append(self._unit(one, count))
            elif texts:
                break
        return " ".join(texts) or self._unit("min", 0)

    def running(self, microseconds: int) -> str:
        """Return the length that a running clock shows. It is rounded down to a whole minute, and below ten minutes to
        a whole second.

        The browser updates the clock by the same rule (``clocks.js``).
        """
        unit = SECOND if microseconds < _SECONDS_WITHIN else MINUTE
        return self.length(max(0, microseconds) // unit * unit)

    @property
    def units(self) -> dict[str, str]:
        """The texts with which the browser writes the length of a clock: unit → text with ``{count}``."""
        texts = {
            "day": self.translations.ngettext("%(count)s day", "%(count)s days", 1),
            "days": self.translations.ngettext("%(count)s day", "%(count)s days", 2),
            **{unit: self.translations.gettext(f"%(count)s {unit}") for unit in ("h", "min", "s")},
        }
        return {unit: text % {"count": "{count}"} for unit, text in texts.items()}

    def _unit(self, unit: str, count: int) -> str:
        if unit == "d":
            return self.ngettext("%(count)s day", "%(count)s days", count)
        names: Mapping[str, str] = {
            "h": self.gettext("%(count)s h", count=self.whole(count)),
            "min": self.gettext("%(count)s min", count=self.whole(count)),
            "s": self.gettext("%(count)s s", count=self.whole(count)),
        }
        return names[unit]
