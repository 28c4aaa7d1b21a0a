"""Submitted forms: their fields, the check of their CSRF token, and the redirect that answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from slm_console.web import sessions
from slm_console.web.visit import Visit, safe_next


class ForgedForm(Exception):
    """The CSRF token of a form is missing, wrong, or of another session."""


class Form:
    """The fields and chosen files of a submitted form whose CSRF token was checked."""

    def __init__(self, fields: list[tuple[str, str]], files: dict[str, UploadFile]) -> None:
        self._fields = fields
        self.files = files

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All fields in their order, names and values; a name can occur several times."""
        return list(self._fields)

    def text(self, name: str) -> str:
        """Return a field's first value without surrounding spaces, empty if the field is missing."""
        return next((value.strip() for each, value in self._fields if each == name), "")

    def password(self, name: str) -> str:
        """Return a field's first value exactly as it was typed, because spaces are part of a password; empty if
        missing.
        """
        return next((value for each, value in self._fields if each == name), "")

    def texts(self, name: str) -> list[str]:
        """Return all values of a field that occurs several times, such as the selected rows."""
        return [value for each, value in self._fields if each == name]

    def named(self, prefix: str) -> dict[str, str]:
        """Return the fields whose names begin with ``prefix``: the name without the prefix → value."""
        return {name.removeprefix(prefix): value for name, value in self._fields if name.startswith(prefix)}

    @property
    def next(self) -> str:
        """The path within this console to which the browser is redirected after the form was handled."""
        return safe_next(self.text("next"))


async def read_form(request: Request) -> Form:
    """Read a submitted form and check its CSRF token; raises ForgedForm."""
    sent = await request.form(max_files=4, max_fields=2_000)
    fields = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
    files = {name: each for name, each in sent.multi_items() if isinstance(each, UploadFile) and each.filename}
    form = Form(fields, files)
    token = request.headers.get(sessions.TOKEN_HEADER) or form.text(sessions.TOKEN_FIELD)
    if not sessions.is_genuine(request, token):
        raise ForgedForm
    return form


async def _form_until_answered(request: Request) -> AsyncIterator[Form]:
    """Give a handler the form of its request; close the form's files when the handler is done."""
    try:
        yield await read_form(request)
    finally:
        await request.close()


Fields = Annotated[Form, Depends(_form_until_answered)]
"""Type of a handler's form parameter: the form whose CSRF token was checked."""


def go(visit: Visit, path: str) -> Response:
    """Return a redirect (303) to a page of this console; to the Today page if ``path`` could lead out of it."""
    return RedirectResponse(visit.prefix + safe_next(path), 303)
