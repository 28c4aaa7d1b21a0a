"""Pages to import a file of measurements: choose the kind, write the mapping, look at the preview, import."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import ApiError, NotFound, Part, RefusedRequest
from slm_console.views.connections import measured_files
from slm_console.views.connections.hooks import Fault
from slm_console.views.connections.measured_files import MEASURES, ReadFile
from slm_console.web.connections import may_connect, refusal_in_words, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_PREVIEWS, _INDICATORS = "/api/v1/import-previews", "/api/v1/indicators"
_IMPORTS, _MEASUREMENTS = "/api/v1/imports", "/api/v1/measurements"
_LONGEST_BYTES = 400_000
_BATCH = 1_000
_OPENING_SECONDS = 0.1
_WORKBOOK = b"PK\x03\x04"


class _Unread(Exception):
    """The file of a form cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class _FileDraft:
    """The file and the mapping that the page shows, and what the mapping reads in the file.

    ``notice`` says why the file was not imported. ``refused`` are the rows that the import ``import_id`` did not
    accept.
    """

    measures: str
    mapping: str
    content: str
    read: ReadFile | None = None
    notice: str = ""
    refused: Sequence[Fault] = ()
    import_id: str = ""


@router.get("/connections/imports/new")
async def choose_measures(visit: SignedIn) -> Response:
    """List the kinds of measurement that a file may contain."""
    parts = await visit.api.gather(**WHO)
    directory = directory_from(parts)
    model = {
        **shell(directory, "imports", parts["me"]),
        "may_import": may_connect(directory),
        "measures": measured_files.measures_in_words(visit.reader),
    }
    return render(visit, "connections/new_import.html", model)


@router.get("/connections/imports/new/{measures}")
async def show_file_form(visit: SignedIn, measures: str) -> Response:
    """Show the form for a file with one kind of measurement, and an example mapping to change.

    With ``?example=yes`` the form has an example of a file.
    """
    if measures not in MEASURES:
        raise NotFound(404, {})
    is_example = visit.request.query_params.get("example") == "yes"
    content = measured_files.example_file(measures, visit.reader.now) if is_example else ""
    return await _form_page(visit, _FileDraft(measures, measured_files.starter(measures), content), is_example)


@router.post("/connections/imports/new/{measures}")
async def try_or_import(visit: SignedIn, measures: str, form: Fields) -> Response:
    """Show what the mapping reads in the file, or import it, depending on the button ``act``."""
    if measures not in MEASURES:
        raise NotFound(404, {})
    mapping = form.password("mapping").replace("\r\n", "\n")
    try:
        content = await _content_of(visit, form)
    except _Unread as unread:
        return await _form_page(visit, _FileDraft(measures, mapping, form.password("content"), notice=str(unread)))
    try:
        preview = await visit.api.post(_PREVIEWS, {"mapping": mapping, "content": content})
    except RefusedRequest as refused:
        if refused.status == 403:
            raise
        return await _form_page(visit, _FileDraft(measures, mapping, content, notice=refusal_in_words(refused)))
    read = measured_files.read_file(visit.reader, preview)
    if form.text("act") != "import" or not read.can_be_sent:
        return await _form_page(visit, _FileDraft(measures, mapping, content, read))
    try:
        import_id, refused_rows = await _send(visit, preview)
    except RefusedRequest as refused:
        if refused.status == 403:
            raise
        return await _form_page(visit, _FileDraft(measures, mapping, content, read, refusal_in_words(refused)))
    if not refused_rows:
        return go(visit, f"/connections/imports/{import_id}")
    faults = measured_files.aside_faults(visit.reader, refused_rows)
    return await _form_page(visit, _FileDraft(measures, mapping, content, read, "", faults, import_id))


async def _content_of(visit: Visit, form: Form) -> str:
    """Return the text of the chosen file, or else the pasted text. Raises _Unread."""
    file = form.files.get("file")
    data = await file.read() if file is not None else b""
    if data.startswith(_WORKBOOK):
        raise _Unread(visit.reader.gettext("This is a workbook: save its sheet as CSV, and choose that file."))
    if not data:
        data = form.password("content").replace("\r\n", "\n").encode("utf-8", "replace")
    if not data.strip():
        raise _Unread(visit.reader.gettext("Choose a file, or paste its text."))
    if len(data) > _LONGEST_BYTES:
        raise _Unread(
            visit.reader.gettext("The file is longer than 400 kB: import it in parts, or with the command slm import.")
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of Windows write. All its bytes are read; what is wrong is seen before anything is sent.
        return data.decode("cp1252", "replace")


async def _send(visit: Visit, preview: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    """Import the measurements of a preview; return the import's id, and the rows that were not accepted."""
    for indicator in preview["indicators"]:
        try:
            await visit.api.post(_INDICATORS, indicator)
        except RefusedRequest as refused:
            # One that exists stays as it is; of another kind it cannot be measured by this file.
            if refused.status != 409 or "kind" in refused.fields:
                raise
    names = [each["key"] for each in preview["indicators"]]
    found = await visit.api.post(_IMPORTS, {"indicators": names})
    path = f"{_IMPORTS}/{found['import_id']}"
    refused_rows: list[Mapping[str, Any]] = []
    try:
        while found["state"] == "opening":
            await asyncio.sleep(_OPENING_SECONDS)
            found = await visit.api.get(path)
        for start in range(0, len(preview["items"]), _BATCH):
            refused_rows += await _send_batch(visit, preview["items"][start : start + _BATCH])
        await visit.api.post(f"{path}/complete")
    except BaseException:
        # Else it would hold back what is judged for an hour.
        with suppress(ApiError):
            await visit.api.delete(path)
        raise
    return str(found["import_id"]), refused_rows


async def _send_batch(visit: Visit, batch: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Send measurements; return the rows that were not accepted, each with field, value and remedy."""
    try:
        answer = await visit.api.send("POST", _MEASUREMENTS, [each["item"] for each in batch])
    except RefusedRequest as refused:
        if refused.code != "nothing-accepted":
            raise
        answer = refused.problem
    rows: list[Mapping[str, Any]] = []
    for verdict in answer.get("items") or ():
        if verdict.get("outcome") != "accepted":
            error = (verdict.get("errors") or [{}])[0]
            remedy = error.get("remedy") or verdict.get("code") or verdict["outcome"]
            row = batch[verdict["index"]]["row"]
            rows.append({"row": row, "field": error.get("field", ""), "value": error.get("value"), "remedy": remedy})
    return rows


async def _form_page(visit: Visit, draft: _FileDraft, is_example: bool = False) -> Response:
    parts = await visit.api.gather(**WHO)
    directory = directory_from(parts)
    model = {
        **shell(directory, "imports", Part({})),
        "may_import": may_connect(directory),
        "says": measured_files.measures_in_words(visit.reader)[draft.measures],
        "draft": draft,
        "is_example": is_example,
    }
    return render(visit, "connections/import_file.html", model, status=422 if draft.notice else 200)
