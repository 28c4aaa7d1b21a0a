"""View model of the signing page: what is signed, what the check found, and the check of the typed name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from slm_console.views.agreements.clauses import price
from slm_console.views.agreements.credits import promise_with_costs
from slm_console.views.agreements.document import finding_in_words
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.reader import Reader

WAIVED = ("slip", "warning")
"""Severities of the findings that a signatory corrects or waives."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A finding that the signatory must waive with a reason. ``key`` is its name in the form."""

    key: str
    text: str


@dataclass(frozen=True)
class SigningPage:
    """The signing page. ``obstacle`` says why the reader cannot sign, empty if nothing prevents it."""

    title: str
    """The heading: ``Sign for Corner Shop``, or ``Who signs for Corner Shop`` for a reader who may not sign."""
    what: str
    promises: list[tuple[str, str]]
    """Title and sentence of each target."""
    until: str
    doubts: list[Doubt]
    waived: list[tuple[str, str, str]]
    """Findings that an earlier signatory waived: the finding, who waived it, and the reason."""
    errors: list[str]
    company: str
    obstacle: str
    is_for_others: bool
    """Whether the reader may not sign, so that the page names the people who sign for the reader's company."""


def signing_page(
    reader: Reader,
    directory: Directory,
    agreement: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    signers: Sequence[Mapping[str, Any]] | None = None,
) -> SigningPage:
    """Return the view model of the signing page for the reader's side.

    ``signers`` are the people who have a mandate to sign for the reader's company; None if they are not known.
    """
    document = agreement["document"]
    errors = [finding_in_words(reader, each) for each in findings if each["severity"] == "error"]
    company, is_for_others = directory.company(directory.own), not _may_sign_for_side(directory, agreement)
    names = {
        "title": agreement["title"],
        "provider": directory.company(agreement["provider_party_id"]),
        "customer": directory.company(agreement["customer_party_id"]),
        "service": directory.service(agreement["service_id"]),
        "company": company,
    }
    title = reader.gettext("Sign for %(company)s", company=company)
    what = reader.gettext(
        "You sign “%(title)s” between %(provider)s and %(customer)s, about %(service)s, for %(company)s.", **names
    )
    if is_for_others:
        title = reader.gettext("Who signs for %(company)s", company=company)
        what = reader.gettext("“%(title)s” is between %(provider)s and %(customer)s, about %(service)s.", **names)
    return SigningPage(
        title=title,
        what=what,
        promises=[(str(each["title"]), promise_with_costs(reader, document, each)) for each in document["targets"]],
        until=_term(reader, document),
        doubts=[Doubt(doubt_key(each), finding_in_words(reader, each)) for each in unwaived(agreement, findings)],
        waived=[
            (finding_in_words(reader, each), str(waiver["waived_by"]), str(waiver["reason"]))
            for each in findings
            if (waiver := _waiver_of(agreement, each)) is not None
        ],
        errors=errors,
        company=company,
        is_for_others=is_for_others,
        obstacle=_obstacle(reader, directory, agreement, signers),
    )


def unwaived(agreement: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the findings that the next signatory must waive.

    Left out are errors, which nobody can waive, informations, which nobody needs to waive, and findings that a
    signature on this revision has waived already.
    """
    return [each for each in findings if each["severity"] in WAIVED and _waiver_of(agreement, each) is None]


def _waiver_of(agreement: Mapping[str, Any], finding: Mapping[str, Any]) -> Mapping[str, Any] | None:
    given: list[Mapping[str, Any]] = [
        waiver
        for signature in agreement["signatures"]
        if signature.get("revision_hash") == agreement["revision"]["hash"]
        for waiver in signature.get("waivers") or ()
    ]
    named = (str(finding["code"]), str(finding["field"]))
    return next((each for each in given if (str(each["code"]), str(each.get("field") or "")) == named), None)


def doubt_key(finding: Mapping[str, Any]) -> str:
    """Return a finding's name in the form: its code and its field, because several findings may have the same code."""
    return f"{finding['code']}@{finding['field']}"


def waivers_of(findings: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a waiver for each slip or warning that has a reason. ``reasons``: ``doubt_key`` → reason.

    A finding without a reason gets no waiver: the signatory has not seen it, or has not answered it.
    """
    return [
        {"code": str(each["code"]), "field": str(each["field"]), "reason": reasons[doubt_key(each)]}
        for each in findings
        if each["severity"] in WAIVED and reasons.get(doubt_key(each))
    ]


def is_name(typed: str, name: str) -> bool:
    """Whether the typed text is the person's name; spaces and capitals do not matter."""
    return typed.split() != [] and " ".join(typed.split()).casefold() == " ".join(name.split()).casefold()


def _term(reader: Reader, document: Mapping[str, Any]) -> str:
    term = document.get("term") or {}
    begins, ends = read(term.get("effective_at")), read(term.get("expires_at"))
    day = partial(reader.contract_day, zone=str(document.get("timezone") or "UTC"))
    start = day(begins) if begins is not None else reader.gettext("its last signature")
    charges = document.get("period_charge") or (document.get("clauses") or {}).get("charges") or {}
    cost = ""
    if isinstance(charges, Mapping) and charges.get("amount"):
        cost = " " + reader.gettext("The price is %(price)s.", price=price(reader, charges))
    if ends is None:
        return reader.gettext("It binds both sides from %(start)s until notice is given.", start=start) + cost
    return (
        reader.gettext("It binds both sides from %(start)s until %(end)s.", start=start, end=day(ends, is_end=True))
        + cost
    )


def _obstacle(
    reader: Reader, directory: Directory, agreement: Mapping[str, Any], signers: Sequence[Mapping[str, Any]] | None
) -> str:
    side = directory.side(agreement)
    if agreement["state"] != "agreed":
        return reader.gettext("It can be signed as soon as both sides have accepted every promise.")
    if any(each["side"] == side and each["name"] == directory.name for each in agreement["signatures"]):
        return reader.gettext("You have signed it.")
    if not _may_sign_for_side(directory, agreement):
        return _who_signs(reader, directory.company(directory.own), _names_of(agreement, side, signers))
    if not directory.may_sign:
        return reader.gettext("Sign in by yourself to sign: this session was opened by somebody else.")
    return ""


def _may_sign_for_side(directory: Directory, agreement: Mapping[str, Any]) -> bool:
    return directory.has_role("provider_signatory" if directory.side(agreement) == "provider" else "business_signatory")


def _names_of(agreement: Mapping[str, Any], side: str, signers: Sequence[Mapping[str, Any]] | None) -> list[str] | None:
    """Return the names of the people who may sign for a side; None if they are not known."""
    named = [each for each in agreement.get("signatories") or () if each["side"] == side and each.get("name")]
    if not named and signers is None:
        return None
    able = named or [each for each in signers or () if each["side"] == side and each["holds"]]
    return sorted({str(each["name"]) for each in able})


def _who_signs(reader: Reader, company: str, names: list[str] | None) -> str:
    if names is None:
        return reader.gettext("Somebody with the right to sign for %(company)s signs it.", company=company)
    if not names:
        return reader.gettext(
            "Nobody can sign for %(company)s yet. Tell whoever runs this installation the name and the mail address of "
            "the person who signs: they invite that person, who must be somebody else than who writes the agreements.",
            company=company,
        )
    if len(names) == 1:
        return reader.gettext("%(name)s signs for %(company)s.", name=names[0], company=company)
    return reader.gettext(
        "These people may sign for %(company)s: %(names)s.", company=company, names=reader.names(names)
    )
