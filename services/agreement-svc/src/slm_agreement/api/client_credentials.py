"""What a client of OAuth 2.0 sends to the token endpoint: a form, and credentials in the form or in a header."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 50


class WrongRequest(Exception):
    """The request is malformed. The message is for the client and repeats nothing of what was sent."""


class NotAuthenticated(Exception):
    """The request has no credentials that can be read."""


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of the body; a field without a value counts as left out (RFC 6749, 3.2).

    Raises WrongRequest.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise WrongRequest(f"send a body of {_FORM}")
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise WrongRequest("the body is no form") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise WrongRequest("a parameter is sent twice")
    return {name: value for name, value in pairs if value}


def read_credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Return ``client_id`` and ``client_secret``, from the header (``client_secret_basic``) or the form
    (``client_secret_post``).

    Raises NotAuthenticated, and WrongRequest if they are sent in both ways.
    """
    header = request.headers.get("authorization")
    if header is None:
        if "client_id" not in form or "client_secret" not in form:
            raise NotAuthenticated
        return form["client_id"], form["client_secret"]
    client_id, secret = _of_basic(header)
    if "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise WrongRequest("send the credentials in one way: in the header or in the form")
    return client_id, secret


def _of_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise NotAuthenticated
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotAuthenticated from None
    if not colon:
        raise NotAuthenticated
    # RFC 6749, 2.3.1: both were encoded like a form before they were joined.
    return unquote_plus(client_id), unquote_plus(secret)
