"""Editor page of an agreement's terms, which shows the API's check of what has been written so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, Part, RefusedRequest, ServiceAway, Whole
from slm_console.pages.agreements import saving
from slm_console.pages.agreements.opening import (
    VERSION,
    address,
    ask,
    draft_beside,
    edit_purpose,
    head_of,
    version_asked,
)
from slm_console.pages.agreements.saving import Overtaken, SavedTerms
from slm_console.views.agreements import chains, checking, editor, needs
from slm_console.views.agreements.editor import UnreadableDocument, WorkingDocument
from slm_console.views.agreements.standing import standing_of
from slm_console.views.directory import Directory
from slm_console.views.sentences import written_terms
from slm_console.views.sentences.written_terms import WrittenTerms, YamlFault
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
TEXT, SENTENCES = "text", "sentences"
_STORING = ("save", "keep", "propose")


@dataclass
class Sheet:
    """State of the editor: the document, the view in which it is edited, and the errors in it.

    ``view`` is SENTENCES or TEXT, which is YAML.
    """

    made: WorkingDocument
    view: str = SENTENCES
    text: str = ""
    """Content of the text view, as it was typed."""
    written: WrittenTerms | None = None
    faults: tuple[tuple[int, str], ...] = ()
    """The lines of ``text`` that cannot be read: number and reason of each."""
    base: str = ""
    """The hash of the revision from which editing began."""
    tag: str = ""
    arrived: bool = True
    """Whether the form was received with a complete document."""
    notice: str = ""
    overtaken: Overtaken | None = None

    @property
    def is_readable(self) -> bool:
        """Whether the form was received completely and everything that was typed could be read."""
        return self.arrived and not self.faults and not self.made.errors


@router.get("/agreements/{agreement_id}/edit")
async def show_editor(visit: SignedIn, agreement_id: str) -> Response:
    """Show the editor with the newest revision.

    If the reader may not edit this version, redirect to a draft that they may edit, or else to the document.
    """
    directory, parts = await _asked(visit, agreement_id)
    agreement = parts["agreement"].data
    if not edit_purpose(directory, agreement):
        beside = draft_beside(agreement) if directory.has_role("service_level_manager") else None
        if beside:
            return go(visit, f"/agreements/{agreement_id}/edit?{VERSION}={beside['version']}")
        return go(visit, address(visit, agreement_id))
    sheet = Sheet(WorkingDocument(_beginning(directory, agreement)), base=agreement["revision"]["hash"])
    sheet.tag = await saving.tag_of(visit, agreement)
    if visit.request.query_params.get("view") == TEXT:
        _turn_to_text(visit, sheet)
    return await _editor_page(visit, directory, parts, sheet)


@router.post("/agreements/{agreement_id}/edit")
async def edit(visit: SignedIn, agreement_id: str, form: Fields) -> Response:
    """Handle a button of the editor: add or move a target, change the view, check, save or propose."""
    directory, parts = await _asked(visit, agreement_id)
    agreement = parts["agreement"].data
    if not directory.has_role("service_level_manager"):
        return go(visit, address(visit, agreement_id))
    sheet = _sheet_in(visit, form, _beginning(directory, agreement))
    if form.text(needs.SHOWN) and sheet.arrived:
        shown = needs.choices_of(agreement, sheet.made.document, parts["requirements"].items)
        sheet.made.document = needs.with_choice(sheet.made.document, shown, form.texts(needs.FIELD))
    act = form.text("do")
    if not edit_purpose(directory, agreement):
        sheet.notice = _why_not(visit, directory, agreement)
        return await _editor_page(visit, directory, parts, sheet, status=422)
    if act in _STORING:
        if not sheet.is_readable:
            unread = visit.reader.gettext("Nothing was kept yet: something below cannot be read.")
            sheet.notice = sheet.notice or unread
            return await _editor_page(visit, directory, parts, sheet, status=422)
        kept = await saving.keep(
            visit, edit_purpose(directory, agreement), agreement, sheet.made.document, _order(form)
        )
        if isinstance(kept, SavedTerms):
            return go(visit, kept.address)
        sheet.notice, sheet.overtaken = kept.notice, kept.overtaken
        return await _editor_page(visit, directory, parts, sheet, status=503 if kept.is_away else 422)
    if editor.is_rearranging(act) and sheet.view == SENTENCES:
        service = directory.service(agreement["service_id"])
        sheet.made = editor.rearranged(visit.reader, sheet.made, act, service)
    elif act == TEXT and sheet.is_readable:
        _turn_to_text(visit, sheet)
    elif act == SENTENCES and sheet.is_readable:
        sheet.view = SENTENCES
    return await _editor_page(visit, directory, parts, sheet)


async def _asked(visit: Visit, agreement_id: str) -> tuple[Directory, dict[str, Part]]:
    directory, parts = await ask(
        visit,
        agreement_id,
        indicators=Whole("/api/v1/indicators", {"limit": "500"}),
        requirements=Whole("/api/v1/requirements", {"limit": "500"}),
    )
    if visit.only_page:
        # A guest reads and answers one document, on other pages than the editor.
        raise NotFound(404, {})
    return directory, parts


def _beginning(directory: Directory, agreement: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that the editor starts with.

    In an amendment, the day on which the terms begin is left empty: the new terms need a later day than the old ones.
    """
    document = editor.writable(agreement["document"])
    if edit_purpose(directory, agreement) == "amend":
        document["term"] = {**document["term"], "effective_at": None}
    return document


def _why_not(visit: Visit, directory: Directory, agreement: Mapping[str, Any]) -> str:
    """Return the notice for terms that were not saved because their version can no longer be changed."""
    reader, beside = visit.reader, draft_beside(agreement)
    if beside:
        return reader.gettext(
            "Meanwhile version %(number)s was drafted, and only one version is negotiated at a time. Nothing was kept:"
            " go on in version %(number)s, and copy from below what you need.",
            number=beside["version"],
        )
    return reader.gettext(
        "Meanwhile it cannot be changed any more: %(standing)s. Nothing was kept; what you typed is below.",
        standing=standing_of(reader, directory, agreement).text,
    )


def _order(form: Form) -> saving.Order:
    return saving.Order(form.text("do"), form.text("base"), form.text("tag"))


def _sheet_in(visit: Visit, form: Form, beginning: Mapping[str, Any]) -> Sheet:
    """Return the editor's state from the submitted form.

    If the document did not arrive complete, the saved document is used instead, with a notice.
    """
    reader = visit.reader
    sheet = Sheet(WorkingDocument(dict(beginning)), base=form.text("base"), tag=form.text("tag"))
    if form.text("view") == TEXT:
        sheet.view, sheet.text = TEXT, form.password("text").replace("\r\n", "\n")
        _read_text(visit, sheet)
        return sheet
    try:
        document = editor.unpacked(form.text("document"))
    except UnreadableDocument:
        sheet.notice = reader.gettext("The form did not arrive whole. This is what was kept last.")
        sheet.arrived = False
        return sheet
    sheet.made = editor.applied(reader, document, dict(form.named("")))
    return sheet


def _read_text(visit: Visit, sheet: Sheet) -> None:
    try:
        sheet.written = written_terms.read_terms(visit.reader, sheet.text)
    except YamlFault as fault:
        sheet.faults = ((fault.line, fault.why),)
        return
    sheet.made = WorkingDocument(sheet.written.document)
    if not editor.is_editable(sheet.written.document):
        line = sheet.written.line_of("targets")
        sheet.faults = (
            (line, visit.reader.gettext("Write targets as a list, each with its fields, such as “- key: fast”.")),
        )


def _turn_to_text(visit: Visit, sheet: Sheet) -> None:
    sheet.view, sheet.text = TEXT, written_terms.text_of(sheet.made.document)
    _read_text(visit, sheet)


async def _editor_page(
    visit: Visit, directory: Directory, parts: Mapping[str, Part], sheet: Sheet, status: int = 200
) -> Response:
    agreement = parts["agreement"].data
    reader, document = visit.reader, sheet.made.document
    panel = None
    if not sheet.faults:
        answer = await _checked(visit, agreement, document)
        if answer is not None:
            written = {**agreement, "document": document}
            answer = {**answer, "findings": chains.with_chain(reader, directory, written, answer)}
        panel = checking.panel_of(reader, answer, document, sheet.written)
    around = editor.surroundings_of(document, parts["indicators"].items)
    is_text = sheet.view == TEXT
    model = {
        **head_of(visit, directory, agreement, "edit"),
        "sheet": sheet,
        "purpose": edit_purpose(directory, agreement),
        "panel": panel,
        "fields": [] if is_text else editor.field_forms(reader, sheet.made),
        "needs": [] if is_text else needs.choices_of(agreement, document, parts["requirements"].items),
        "may_record_need": agreement["customer_party_id"] == directory.own,
        "targets": [] if is_text else editor.target_forms(reader, sheet.made, around),
        "adders": editor.adders(reader),
        "packed": "" if is_text else editor.packed(document),
        "known": around.measurements,
    }
    return render(visit, "agreements/edit.html", model, status=status)


async def _checked(visit: Visit, agreement: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the API's check of the unsaved document, None if the service is away.

    A refused document becomes a check that lists the refusal's errors.
    """
    body = {"document": document, **({"version": agreement["version"]} if version_asked(visit) else {})}
    try:
        found: Mapping[str, Any] = await visit.api.post(f"/api/v1/agreements/{agreement['agreement_id']}/check", body)
    except ServiceAway:
        return None
    except RefusedRequest as refused:
        if refused.status in (403, 404):
            raise
        errors = refused.problem.get("errors") or ()
        lines = [{"severity": "error", "code": "invalid", "value": "none", **each} for each in errors]
        shown = [{**each, "field": str(each.get("field", "")).removeprefix("document.")} for each in lines]
        return {"points": [], "findings": [{"remedy": str(refused), **each} for each in shown]}
    return found
