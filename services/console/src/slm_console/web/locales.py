"""Choice of the reader's language, formats and time zone, from cookies and request headers."""

from __future__ import annotations

import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global
from starlette.requests import Request

from slm_console.views.reader import Reader

LANGUAGE, ZONE = "slm_language", "slm_zone"
"""Cookies with the chosen language and time zone; they do not identify the reader."""
PSEUDO = "en-XA"
"""Language code of the pseudo-translation: longer texts with accents show what is cut off or not translated."""
_ACCENTS = str.maketrans("aeiouAEIOUcnsy", "áéíóúÁÉÍÓÚçñšý")
_HOLE = re.compile(r"(%\(\w+\)[sd]|<[^>]+>|&\w+;)")


class PseudoTranslations(NullTranslations):
    """Pseudo-translation for tests: the English texts with accents, 40 % longer."""

    def gettext(self, message: str) -> str:
        """Return the message with accents and padding; its placeholders stay unchanged."""
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the singular or plural message with accents and padding."""
        return pseudo(msgid1 if n == 1 else msgid2)


def pseudo(message: str) -> str:
    """Return the pseudo-translation of a message: ``Sign`` → ``[Sígñ·]``."""
    parts = _HOLE.split(message)
    letters = sum(len(part) for part in parts[::2])
    text = "".join(part if index % 2 else part.translate(_ACCENTS) for index, part in enumerate(parts))
    return f"[{text}{'·' * max(1, round(letters * 0.4) - 2)}]" if message.strip() else message


def reader_of(request: Request, now: int, default_zone: str) -> Reader:
    """Return the reader of a request, with language and time zone.

    The language comes from the parameter ``lang``, the cookie or the browser; the time zone from the cookie or
    ``default_zone``.
    """
    wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE) or ""
    tags = [wanted] if wanted else _accepted(request.headers.get("accept-language", ""))
    zone = zone_of(request.cookies.get(ZONE, "")) or zone_of(default_zone) or ZoneInfo("UTC")
    language, locale = choose(tuple(tags))
    return Reader(now, locale, zone, translations_of(language))


def zone_of(name: str) -> ZoneInfo | None:
    """Return the time zone with this IANA name, None if there is none."""
    try:
        return ZoneInfo(name) if re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", name) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=256)
def choose(tags: tuple[str, ...]) -> tuple[str, Locale]:
    """Return the language of the texts and the locale of the formats, for language tags in order of preference.

    The first valid tag decides. If the console has no texts in the tag's language, texts and formats are English, with
    the tag's region if such a locale exists.
    """
    for tag in tags:
        if tag == PSEUDO:
            return PSEUDO, Locale("en", "GB")
        parsed = _parsed(tag)
        if parsed is None:
            continue
        language = parsed.language if parsed.language in languages() else "en"
        name = f"{language}_{parsed.territory}"
        return language, Locale.parse(name) if localedata.exists(name) else Locale(language)
    return "en", Locale("en", "GB")


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """Return the codes of the languages in which the console has texts."""
    folder = files("slm_console") / "locales"
    found = folder.iterdir() if folder.is_dir() else ()
    return frozenset({"en", *(each.name for each in found if (each / "LC_MESSAGES").is_dir())})


@lru_cache(maxsize=16)
def translations_of(language: str) -> NullTranslations:
    """Return the translations for a language. English needs none: the messages are the English texts."""
    if language == PSEUDO:
        return PseudoTranslations()
    catalogue = files("slm_console") / "locales" / language / "LC_MESSAGES" / "console.mo"
    if not catalogue.is_file():
        return NullTranslations()
    with catalogue.open("rb") as file:
        return GNUTranslations(file)


def _parsed(tag: str) -> Locale | None:
    """Return the locale of a language tag, None if it is not valid.

    A tag without a region gets the most likely region of its language: ``de`` → ``de_DE``.
    """
    try:
        parsed = Locale.parse(tag, sep="-", resolve_likely_subtags=True)
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    if parsed.territory is None:
        likely = str(get_global("likely_subtags").get(parsed.language, ""))
        return Locale(parsed.language, likely.rpartition("_")[2]) if "_" in likely else parsed
    return parsed


def _accepted(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        if tag and tag != "*":
            try:
                weighted.append((-float(quality or 1), tag))
            except ValueError:
                continue
    return [tag for _, tag in sorted(weighted, key=lambda each: each[0])]
