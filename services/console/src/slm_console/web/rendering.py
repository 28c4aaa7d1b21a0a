"""Rendering of Jinja templates into answers, and the addresses of static files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from gettext import NullTranslations
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from slm_console.views.marks import MARKS
from slm_console.views.navigation import entries, is_under_more, lower_entries
from slm_console.web import sessions
from slm_console.web.directories import reach_of, who_reads
from slm_console.web.locales import PSEUDO
from slm_console.web.visit import Visit
from slm_events.catalogue import ACCESS, BY_TYPE, CATALOGUE, PEOPLE

THEME = "slm_theme"
KEYBOARD = "slm_keyboard"
"""Name of the cookie that switches keyboard shortcuts on or off; THEME names the cookie for the colours."""

_EVENT_NAMES = " ".join(row.event.__name__ for row in BY_TYPE.values() if row.topic not in (ACCESS, CATALOGUE, PEOPLE))
"""Names of all event types that the event stream can send to a page, separated by spaces."""
_STATIC = files("slm_console") / "static"


@lru_cache(maxsize=64)
def fingerprint(name: str) -> str:
    """Return a short hash of a static file's content. As part of the file's address, it lets browsers cache the file
    for ever.
    """
    return sha256((_STATIC / name).read_bytes()).hexdigest()[:12]


def render(visit: Visit, template: str, model: Mapping[str, Any] | None = None, *, status: int = 200) -> Response:
    """Render a template as the answer to a visit; the keys of ``model``, if given, become variables of the template."""
    text = _environment_of(visit.reader.translations).get_template(template).render(**_context(visit), **(model or {}))
    answer = HTMLResponse(text, status)
    sessions.remember_visit(visit.request, answer)
    return answer


@lru_cache(maxsize=16)
def _environment_of(translations: NullTranslations) -> Environment:
    """Return the Jinja environment for one language. Each language has its own, because compiled templates contain
    the translated texts.
    """
    environment = Environment(
        loader=PackageLoader("slm_console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _context(visit: Visit) -> dict[str, Any]:
    request = visit.request
    prefix = visit.prefix
    theme, reach = request.cookies.get(THEME, ""), reach_of(visit.api)
    return {
        "visit": visit,
        "reader": visit.reader,
        "url": lambda path: prefix + path,
        "scoped": visit.scoped,
        "static": lambda name: f"{prefix}/static/{fingerprint(name)}/{name}",
        "csrf_token": lambda: sessions.csrf_token(request),
        "language": "en-XA" if request.cookies.get("slm_language") == PSEUDO else visit.reader.locale.language,
        "theme": theme if theme in ("light", "dark") else "auto",
        "has_keyboard": request.cookies.get(KEYBOARD, "on") != "off",
        "entries": [] if visit.only_page else entries(visit.reader, visit.path, reach),
        "lower_entries": [] if visit.only_page else lower_entries(visit.reader, visit.path, reach),
        "is_under_more": is_under_more(visit.reader, visit.path),
        "who": who_reads(visit.api),
        "marks": MARKS,
        "event_names": _EVENT_NAMES,
        "version": version("service-level-management-console"),
    }
