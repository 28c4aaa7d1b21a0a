"""The importer's client of the public API: it sends batches until they are accepted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx

from slm.importing import address
from slm_mappings.messages import ImportFinding, ImportRefused

Item = dict[str, Any]
T = TypeVar("T")

PATIENCE_SECONDS = 300.0
LONGEST_WAIT_SECONDS = 10.0
Kind = Literal["tickets", "measurements"]
KINDS: dict[Kind, str] = {"tickets": "ticket-events", "measurements": "measurements"}
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_EXAMPLES_KEPT = 10


@dataclass(frozen=True, slots=True)
class ImportVerdict:
    """The result of a completed import: the seconds until the whole import was evaluated, and the agreements whose
    figures it changed.
    """

    import_id: str
    seconds: float
    agreements: tuple[str, ...] = ()


@dataclass(slots=True)
class SentItems:
    """Counts of the items sent so far, with examples of refused items."""

    accepted: int = 0
    refused: int = 0
    examples: list[str] = field(default_factory=list)
    position: str | None = None
    """Token of the last batch, for reads that must include the batch."""

    def add(self, items: Sequence[Item], answer: dict[str, Any]) -> None:
        """Count the API's answer to a batch. The answer lists every item, or only the items that were not accepted."""
        refused = [each for each in answer.get("items", []) if each.get("outcome") != "accepted"]
        self.accepted += len(items) - len(refused)
        self.refused += len(refused)
        self.position = answer.get("position") or self.position
        for verdict in refused[: _EXAMPLES_KEPT - len(self.examples)]:
            self.examples.append(f"{_verdict(verdict)}: {json.dumps(items[verdict['index']])[:200]}")


class ImportClient:
    """A client of the API with one key. It repeats calls after lost connections and while servers are busy.

    Repeating is safe: items have identities, so a batch that is sent twice counts once. ``patience``: seconds without
    any answer after which ImportRefused is raised.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        owner: str | None = None,
        patience: float = PATIENCE_SECONDS,
        waiting: Callable[[str], None] = lambda reason: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {address.check_api_key(key)}"}
        self._client = httpx.Client(
            base_url=address.check_api_address(url), headers=headers, timeout=60.0, transport=transport
        )
        self._owner = owner
        self._patience = patience
        self._waiting = waiting

    def __enter__(self) -> ImportClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def register_indicator(self, key: str, kind: str, initial_state: str) -> None:
        """Register an indicator. Raises ImportRefused if it exists with another kind or initial state."""
        # A service or unit that its owner has set does not change the figures.
        self._register({"key": key, "kind": kind, "initial_state": initial_state}, {"kind", "initial_state"})

    def register_measured(self, document: Item) -> None:
        """Register an indicator by its whole document. An indicator that exists already stays unchanged.

        Raises ImportRefused if it exists with another kind. The server checks units and scales later, with each
        measurement.
        """
        self._register(document, {"kind"})

    def _register(self, document: Item, must_agree: set[str]) -> None:
        answer = self._request("POST", "/api/v1/indicators", json=self._of_party(document))
        differing = {each.get("field") for each in _problem(answer).get("errors", [])}
        if answer.status_code != 409 or differing & must_agree:
            _checked(answer)

    def open_import(self, kind: Kind, names: Sequence[str], run_id: str) -> str:
        """Open an import for these ticket sources or indicators and return its id.

        Until the import ends, the server evaluates their facts only from the import's ``through_at`` on.
        ``run_id`` is the import's key: if an answer is lost, repeating the call opens no second import.
        """
        document = self._of_party({"key": run_id, "sources" if kind == "tickets" else "indicators": list(names)})
        opened = _document(self._request("POST", "/api/v1/imports", json=document))
        import_id = str(opened["import_id"])
        while opened.get("state") == "opening":
            self._waiting("opening")
            time.sleep(0.05)
            opened = _document(self._request("GET", f"/api/v1/imports/{import_id}"))
        return import_id

    def complete_import(self, import_id: str) -> ImportVerdict:
        """Tell the server that the import is complete, and wait until all imported items have been evaluated."""
        begun, path = time.monotonic(), f"/api/v1/imports/{import_id}"
        found = _document(self._request("POST", f"{path}/complete"))
        while found.get("state") != "judged":
            self._waiting("judging")
            time.sleep(0.2)
            found = _document(self._request("GET", path))
        agreements = tuple(str(each["agreement_id"]) for each in found.get("agreements", ()))
        return ImportVerdict(import_id, time.monotonic() - begun, agreements)

    def wait_for_reports(self, judged: ImportVerdict, patience: float) -> float | None:
        """Wait until every report of the changed agreements includes the import.

        Return how many seconds this took; None if it took more than ``patience`` seconds.
        """
        begun = time.monotonic()
        waiting = list(judged.agreements)
        while waiting:
            asked = {"agreement_id": waiting[-1], "import_id": judged.import_id, "limit": "1"}
            heard = _document(self._request("GET", "/api/v1/reports", params=asked)).get("heard") or {}
            if heard.get("settling") is False:
                waiting.pop()
                continue
            if time.monotonic() - begun > patience:
                return None
            self._waiting("reports")
            time.sleep(0.2)
        return time.monotonic() - begun

    def imports(self, state: str | None = None) -> Iterator[Item]:
        """Yield the imports of the key's party, the latest first. ``state``: yield only imports in this state."""
        yield from self._pages("/api/v1/imports", {} if state is None else {"state": state})

    def end_import(self, import_id: str) -> Item:
        """End an import early and return its JSON. The items that have arrived until now are evaluated."""
        return _document(self._request("DELETE", f"/api/v1/imports/{quote(import_id, safe='')}"))

    def give_up(self, import_id: str) -> bool:
        """Try once to end an import that cannot continue; return whether the server ended it."""
        try:
            return self._client.delete(f"/api/v1/imports/{import_id}", timeout=5.0).is_success
        except httpx.HTTPError:
            return False

    def unmatched(self, source: str) -> Iterator[tuple[str, str]]:
        """Yield (number, reason) for every ticket in the source that no target applies to."""
        for ticket in self._pages("/api/v1/tickets", {"source": source, "unmatched": "true"}):
            yield str(ticket["number"]), str(ticket.get("unmatched_cause") or "no target applies to it")

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[Item]:
        asked = query | {"limit": "200"}
        while True:
            page = _document(self._request("GET", path, params=asked))
            yield from page["items"]
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def send(self, kind: Kind, items: Sequence[Item], taken: SentItems) -> None:
        """Send a batch as NDJSON and count its answer. A batch that is too large is sent in halves."""
        of_party = {} if self._owner is None else {"owner": self._owner}
        body = b"".join(json.dumps(item | of_party, separators=(",", ":")).encode() + b"\n" for item in items)
        headers = {"Content-Type": "application/x-ndjson"}
        answer = self._request("POST", f"/api/v1/{KINDS[kind]}", content=body, headers=headers)
        if answer.status_code == 413 and len(items) > 1:
            half = len(items) // 2
            self.send(kind, items[:half], taken)
            self.send(kind, items[half:], taken)
            return
        document = _problem(answer)
        if answer.status_code == 422 and document.get("type") == "/problems/nothing-accepted" and items:
            taken.add(items, document)
            return
        taken.add(items, _document(answer))

    def _of_party(self, document: Item) -> Item:
        return document if self._owner is None else document | {"owner_party_id": self._owner}

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        begun, wait = time.monotonic(), 0.2
        while True:
            try:
                answer = self._client.request(method, path, **request)
                if answer.status_code not in _TRY_AGAIN:
                    return answer
                reason = f"the server answers {answer.status_code} {_problem(answer).get('title', '')}".rstrip()
                pause = max(wait, _asked_to_wait(answer))
            except httpx.TransportError as problem:
                reason, pause = f"no connection ({type(problem).__name__})", wait
            if time.monotonic() - begun + pause > self._patience:
                remedy = f"{reason} for {self._patience:.0f} s; start the same import again: no item is counted twice"
                raise ImportRefused("The server cannot be reached", [ImportFinding(path, None, remedy)])
            self._waiting(reason)
            time.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


def batches(items: Iterable[T], size: int) -> Iterable[list[T]]:
    """Yield the items in lists of ``size``; the last one may be shorter."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _asked_to_wait(answer: httpx.Response) -> float:
    try:
        return min(float(answer.headers.get("Retry-After", 0)), LONGEST_WAIT_SECONDS)
    except ValueError:
        return 0.0


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    problem = _problem(answer)
    title = f"The server refused the request: {problem.get('title', answer.reason_phrase)} ({answer.status_code})"
    findings = [
        ImportFinding(str(each.get("field", "")), each.get("value"), str(each.get("remedy", "")))
        for each in problem.get("errors", [])
    ]
    raise ImportRefused(title, findings or [ImportFinding("", None, str(problem.get("detail") or answer.text[:200]))])


def _document(answer: httpx.Response) -> dict[str, Any]:
    """Return the answer's JSON object. Raises ImportRefused for a refusal, or if the answer is not from this
    product.
    """
    document = _problem(_checked(answer))
    if not document:
        remedy = f"{answer.request.url} answers {answer.status_code} without a JSON object; check --url"
        raise ImportRefused("The answer is not from this product", [ImportFinding("--url", None, remedy)])
    return document


def _verdict(verdict: dict[str, Any]) -> str:
    errors = [f"{each.get('field')}: {each.get('remedy')}" for each in verdict.get("errors", [])]
    reason = verdict.get("reason") or verdict.get("code") or ""
    return " ".join(part for part in (verdict.get("outcome"), str(reason), "; ".join(errors)) if part)
