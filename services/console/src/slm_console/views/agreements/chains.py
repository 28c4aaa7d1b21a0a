"""The chain check in words: whether supporting agreements carry an agreement's promises, with the arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from slm_console.views import durations
from slm_console.views.directory import Directory
from slm_console.views.reader import Reader

_CONTINUITY = "continuity"
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) %")
_DURATION = re.compile(r"\bP(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:[\d.]+S)?)?\b")
_SOME = re.compile(r"\((\d+) of (\d+): ")
_LARGEST = "the largest of "


@dataclass(frozen=True, slots=True)
class CarriedPromise:
    """One promise of an agreement: whether supporting agreements carry it, and the arithmetic that shows this.

    ``mark`` is ``met`` or ``breached``.
    """

    title: str
    mark: str
    says: str
    arithmetic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideInWords:
    """Which promises the supporting agreements of one side carry."""

    company: str
    yours: bool
    promises: list[CarriedPromise]
    shortfalls: list[str]
    """Sentences about supports that promise too little. The API gives them for the reader's own side only."""


def sides_in_words(
    reader: Reader, directory: Directory, agreement: Mapping[str, Any], check: Mapping[str, Any] | None
) -> list[SideInWords]:
    """Return, in words, each side that named supporting agreements; empty if the API gave no check."""
    return [
        SideInWords(
            _company_of_side(directory, agreement, side),
            bool(side["yours"]),
            [_carried_promise(reader, agreement, each) for each in side["targets"]],
            [spoken(reader, str(each["remedy"])) for each in side["findings"]],
        )
        for side in _sides(check)
        if side["supports"]
    ]


def with_chain(
    reader: Reader, directory: Directory, agreement: Mapping[str, Any], check: Mapping[str, Any] | None
) -> list[Mapping[str, Any]]:
    """Return the findings of a check, followed by the findings about supporting agreements.

    For the reader's side, these are the API's findings. For the other side, they say only which promises the supporting
    agreements do not carry. If all promises are carried, they say only that a supporting agreement ends too early.
    """
    found: list[Mapping[str, Any]] = list((check or {}).get("findings") or ())
    for side in _sides(check):
        if side["yours"]:
            found += [
                {**each, "value": "none", "remedy": spoken(reader, str(each["remedy"]))} for each in side["findings"]
            ]
        elif not side["holds"]:
            found += _of_other_side(reader, agreement, side, _company_of_side(directory, agreement, side))
    return found


def _of_other_side(
    reader: Reader, agreement: Mapping[str, Any], side: Mapping[str, Any], company: str
) -> Iterator[Mapping[str, Any]]:
    error = {"code": "chain.other-side", "severity": "error", "value": "none"}
    missing = [str(each["target"]) for each in side["targets"] if not each["carried"]]
    for key in missing:
        says = reader.gettext("The agreements that %(company)s named do not carry this", company=company)
        yield {**error, "field": _place_of(agreement, key), "remedy": says}
    if not missing:
        says = reader.gettext("An agreement that %(company)s named does not last as long as this one", company=company)
        yield {**error, "field": "supports", "remedy": says}


def _place_of(agreement: Mapping[str, Any], key: str) -> str:
    keys = [str(each["key"]) for each in agreement["document"].get("targets") or ()]
    return f"targets[{keys.index(key)}]" if key in keys else f"clauses.{key}"


def _sides(check: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list(((check or {}).get("chain") or {}).get("sides") or ())


def _company_of_side(directory: Directory, agreement: Mapping[str, Any], side: Mapping[str, Any]) -> str:
    return directory.company(str(agreement[f"{side['side']}_party_id"]))


def _carried_promise(reader: Reader, agreement: Mapping[str, Any], carried: Mapping[str, Any]) -> CarriedPromise:
    key = str(carried["target"])
    titles = {str(each["key"]): str(each["title"]) for each in agreement["document"]["targets"]}
    titles.setdefault(_CONTINUITY, reader.gettext("Continuity"))
    holds = bool(carried["carried"])
    says = reader.gettext("Carried") if holds else reader.gettext("Not carried")
    lines = tuple(_arithmetic_sentence(reader, each) for each in carried["questions"] if each.get("arithmetic"))
    return CarriedPromise(titles.get(key, key), "met" if holds else "breached", says, lines)


def _arithmetic_sentence(reader: Reader, question: Mapping[str, Any]) -> str:
    """Return the arithmetic of a question in words: ``99.5 % × 99 % = 98.505 %; promised is 99.9 %``."""
    required = str(question["required"])
    if question["question"] == "availability":
        share = Fraction(required)
        required = f"{Decimal(share.numerator) / Decimal(share.denominator)} %"
    return reader.gettext(
        "%(arithmetic)s; promised is %(promised)s",
        arithmetic=spoken(reader, str(question["arithmetic"])),
        promised=spoken(reader, required),
    )


def spoken(reader: Reader, text: str) -> str:
    """Return a text of the chain check in the reader's language and formats: percents, durations, ``2 of 3``."""
    text = _SOME.sub(lambda found: f"({_some_of(reader, found[1], found[2])}: ", text)
    text = text.replace(_LARGEST, f"{reader.gettext('the longest of')} ")
    text = _DURATION.sub(lambda found: durations.in_words(reader, found[0]), text)
    return _PERCENT.sub(lambda found: _spoken_percent(reader, found[1]), text)


def _some_of(reader: Reader, needed: str, members: str) -> str:
    return reader.gettext("%(needed)s of %(members)s", needed=needed, members=members)


def _spoken_percent(reader: Reader, written: str) -> str:
    places = len(written.partition(".")[2])
    return reader.gettext("%(number)s %%", number=reader.decimal(Decimal(written), places))
