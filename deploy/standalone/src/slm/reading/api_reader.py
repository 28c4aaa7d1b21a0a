"""A client that reads from the public API, and the one-line errors of commands that ask it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from slm.importing.address import check_api_address, check_api_key
from slm_mappings.messages import ImportRefused

Item = Mapping[str, Any]

SECONDS = 30.0
"""Seconds to wait for the server to connect, or to send the next part of an answer."""
PATIENCE_SECONDS = 10.0
"""Seconds during which a request is repeated while the server answers that it is busy or not ready."""
PAGE = "500"
_LATER = frozenset({429, 502, 503, 504})


class NoAnswer(Exception):
    """The command cannot answer the question. The message is one line: what is wrong, and what to do."""


class ApiReader:
    """A client that only reads from the public API, with one API key."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        if not key:
            raise NoAnswer("no key: give --key, or set SLM_KEY; the console makes keys under Connections, Keys")
        try:
            self.url = check_api_address(url)
            headers = {"Authorization": f"Bearer {check_api_key(key)}"}
        except ImportRefused as refused:
            raise NoAnswer("; ".join(str(each) for each in refused.findings)) from None
        self.client = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS, transport=transport)

    def __enter__(self) -> ApiReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def read(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return the JSON object at a path of the API. Raises NoAnswer."""
        return self.document(self._get(path, parameters))

    def find(self, path: str, **parameters: str) -> dict[str, Any] | None:
        """Return the JSON object at a path of the API; None if the server answers 404. Raises NoAnswer."""
        answer = self._get(path, parameters)
        return None if answer.status_code == 404 else self.document(answer)

    def explained(self, path: str, **parameters: str) -> tuple[dict[str, Any] | None, str]:
        """Return (explanation, ""), or (None, the server's reason) if the server has no explanation to show.

        Raises NoAnswer for other refusals.
        """
        answer = self._get(path, parameters)
        if answer.status_code in (403, 404, 410, 422):
            return None, refusal(answer)
        return self.document(answer), ""

    def items(self, path: str, parameters: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page. Raises NoAnswer."""
        asked = {"limit": PAGE, **(parameters or {})}
        while True:
            page = self.read(path, **asked)
            yield from page.get("items") or ()
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def items_if_allowed(self, path: str) -> list[dict[str, Any]]:
        """Return the items of a list; no items if the key may not read the list. Raises NoAnswer for other refusals."""
        if self._get(path, {"limit": "1"}).status_code == 403:
            return []
        return list(self.items(path))

    def _get(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        begun = time.monotonic()
        while True:
            try:
                answer = self.client.get(path, params=dict(parameters))
            except httpx.HTTPError as problem:
                raise self.away(problem) from None
            pause = pause_of(answer)
            if answer.status_code not in _LATER or time.monotonic() - begun + pause > PATIENCE_SECONDS:
                return answer
            time.sleep(pause)

    def away(self, problem: httpx.HTTPError) -> NoAnswer:
        """Return the error for a server that cannot be reached or does not answer."""
        if isinstance(problem, httpx.TimeoutException):
            return NoAnswer(
                f"{self.url} does not answer within {SECONDS:.0f} s: ask again, or look at the server's log"
            )
        reason = one_line(str(problem)) or type(problem).__name__
        return NoAnswer(
            f"cannot reach {self.url} ({reason}): start the server, or give its address as --url or SLM_URL"
        )

    def document(self, answer: httpx.Response) -> dict[str, Any]:
        """Return the JSON object of an answer. Raises NoAnswer for a refusal or an answer without a JSON object."""
        if not answer.is_success:
            raise NoAnswer(refusal(answer))
        found = _json(answer)
        if found is None:
            raise NoAnswer(f"{answer.request.url} answers without a JSON object: give the product's address as --url")
        return found


def pause_of(answer: httpx.Response) -> float:
    """Return the seconds to wait before a busy server is asked again: its ``Retry-After``, between 0.1 and 5."""
    try:
        return min(max(float(answer.headers.get("Retry-After", 1)), 0.1), 5.0)
    except ValueError:
        return 1.0


def refusal(answer: httpx.Response) -> str:
    """Return why the server refuses a request, in one line."""
    if answer.status_code == 401:
        return "the server does not know this key: give a valid one as --key or SLM_KEY"
    problem = _json(answer)
    if problem is None or "title" not in problem:
        return f"{answer.request.url} answers {answer.status_code} and no reason: is --url the product's address?"
    remedies = [f"{each.get('field')}: {each.get('remedy')}" for each in problem.get("errors") or ()]
    detail = "; ".join(remedies) or str(problem.get("detail") or "")
    return one_line(f"{problem['title']} ({answer.status_code}). {detail}").strip()


def one_line(text: str) -> str:
    """Return a text with every run of white space replaced by one space."""
    return " ".join(text.split())


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
