"""``/docs``: the OpenAPI document as a page. FastAPI's own page is not used: it loads scripts from the internet."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h2{margin:2rem 0 .5rem;border-bottom:1px solid #d0d7de}details{border-bottom:1px solid #eaeef2;padding:.35rem 0}
summary{cursor:pointer}code,pre{font:13px/1.4 ui-monospace,monospace}pre{background:#f6f8fa;padding:.7rem;overflow:auto}
b.method{display:inline-block;width:4.5rem}table{border-collapse:collapse}
td{padding:.15rem .8rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#161b22}a{color:#79c0ff}}
"""
_DEPTH = 6
_pages: WeakKeyDictionary[FastAPI, str] = WeakKeyDictionary()
"""The page of each API, kept after it was made once."""


POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#2457a6"/>'
    '<path d="M3 9h2l2-5 2 8 2-3h2" fill="none" stroke="#fff" stroke-width="1.6"/></svg>'
)
_WEEK = "public, max-age=604800"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Answer with the page ``/docs``. It is made once, so that requests without a key cause no repeated work."""
    api: FastAPI = request.app
    if api not in _pages:
        _pages[api] = render_document_page(api.openapi())
    return HTMLResponse(_pages[api], headers={"Content-Security-Policy": POLICY})


@router.get("/favicon.ico")
async def icon() -> Response:
    """Answer with the icon that browsers request for every page."""
    return Response(_ICON, media_type="image/svg+xml", headers={"Cache-Control": _WEEK})


def render_document_page(document: Mapping[str, Any]) -> str:
    """Return an OpenAPI document as HTML, with a section for each tag and a foldable part for each operation."""
    title = escape(document["info"]["title"])
    sections: dict[str, list[str]] = {}
    for path, method, operation in _operations(document):
        tag = (operation.get("tags") or [path.removeprefix("/api/v1/").split("/", 1)[0]])[0]
        sections.setdefault(tag, []).append(_operation(document, path, method, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in sorted(sections.items()))
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
        f"<p>Send your key as <code>Authorization: Bearer slm_…</code>. Every error is a problem document (RFC 9457). "
        f"A POST takes an <code>Idempotency-Key</code>. For tools: <a href=/openapi.json>openapi.json</a>.</p>"
        f"{body}</html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield path, method.upper(), operation


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> str:
    parts = [f"<p>{escape(operation['description'])}</p>"] if operation.get("description") else []
    if operation.get("parameters"):
        parts.append(f"<table>{''.join(_parameter(each) for each in operation['parameters'])}</table>")
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(_body(document, f"Body, {kind}", media))
    for status, response in operation["responses"].items():
        for kind, media in response.get("content", {}).items():
            if status.startswith("2"):
                parts.append(_body(document, f"{status}, {kind}", media))
    summary = f"<b class=method>{method}</b><code>{escape(path)}</code> {escape(operation.get('summary', ''))}"
    anchor = escape(operation.get("operationId", ""), quote=True)
    return f"<details id='{anchor}'><summary>{summary}</summary>{''.join(parts)}</details>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    need = "required" if parameter.get("required") else "optional"
    text = escape(parameter.get("description", ""))
    return f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}, {need}<td>{text}"


def _body(document: Mapping[str, Any], title: str, media: Mapping[str, Any]) -> str:
    schema = _resolved(document, media.get("schema", {}), _DEPTH)
    examples = [media["example"]] if "example" in media else list(_examples(media))
    shown = examples or schema.get("examples", []) or ([schema] if schema else [])
    texts = [json.dumps(each, indent=2, ensure_ascii=False) for each in shown]
    return f"<p>{escape(title)}</p>" + "".join(f"<pre>{escape(text)}</pre>" for text in texts)


def _examples(media: Mapping[str, Any]) -> Iterator[Any]:
    for example in media.get("examples", {}).values():
        yield example.get("value") if isinstance(example, dict) else example


def _resolved(document: Mapping[str, Any], schema: Any, depth: int) -> Any:
    """Return a schema in which each reference is replaced by the schema that it names.

    Only references down to ``depth`` levels are replaced, because a schema may refer to itself.
    """
    if isinstance(schema, list):
        return [_resolved(document, each, depth) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if depth == 0:
            return {"$ref": name}
        return _resolved(document, document.get("components", {}).get("schemas", {}).get(name, {}), depth - 1)
    # A title only repeats the field's name. A field that is itself called "title" has a schema there, not text.
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    return {key: _resolved(document, value, depth) for key, value in kept.items()}
