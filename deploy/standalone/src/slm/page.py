"""The web page for people: HTML with styles and script. The browser loads its data from the public REST API."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from slm_events.catalogue import ACCESS, BY_TYPE, CATALOGUE

_templates = Environment(
    loader=PackageLoader("slm"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ROOM = files("slm") / "templates"
_STYLES = (_ROOM / "page.css").read_text(encoding="utf-8")
_SCRIPT = (_ROOM / "page.js").read_text(encoding="utf-8")

STAGES = (
    ("negotiate", "Negotiate", "agreement being negotiated", "agreements being negotiated"),
    ("finalize", "Finalize", "agreement signed", "agreements signed"),
    ("monitor", "Monitor", "target watched", "targets watched"),
    ("report", "Report", "service report", "service reports"),
    ("review", "Review", "review open", "reviews open"),
)
"""The cycle's stages: id, name, and what its figure counts, in the singular and plural."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def front() -> HTMLResponse:
    """Answer with the page, which holds no data and needs no key. The key stays in the browser's session."""
    return HTMLResponse(_PAGE, headers=_HEADERS)


def alone() -> str:
    """Return the page as one file for any web server. The page contains its content security policy."""
    policy = _HEADERS["Content-Security-Policy"].partition("; frame-ancestors")[0]
    return _PAGE.replace("<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


def event_names() -> dict[str, str]:
    """Return the words for each event of a stream: ``TargetBreached`` → ``Target breached``."""
    streamed = [row.event.__name__ for row in BY_TYPE.values() if row.topic not in (ACCESS, CATALOGUE)]
    return {name: _in_words(name) for name in streamed}


def _in_words(name: str) -> str:
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return text[:1].upper() + text[1:]


def _rendered() -> str:
    return _templates.get_template("page.html").render(
        stages=STAGES, events=event_names(), styles=_STYLES, script=_SCRIPT, version=version("slm")
    )


def _hash_of(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


_PAGE = _rendered()
_HEADERS = {
    # Only this script and these styles run, and only this origin is reachable, so an event's text cannot run code.
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hash_of(_STYLES)}",
            f"script-src {_hash_of(_SCRIPT)}",
            "connect-src 'self'",
            "img-src 'self' data:",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
