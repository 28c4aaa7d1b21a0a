"""Page of the rules that turn series of Prometheus into measurements. People can paste series there and see the
result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import NotFound, RefusedRequest
from slm_console.views.connections import series
from slm_console.web.connections import may_connect, shell
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, Form, go
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_RULES, _HERE = "/api/v1/series-rules", "/connections/series"
_FIELDS = ("match", "indicator", "labels", "reading", "series")


@router.get("/connections/series")
async def list_rules(visit: SignedIn) -> Response:
    """List the rules in their order, with the form for a new one."""
    return await _rules_page(visit, {}, {})


async def _rules_page(
    visit: Visit,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    tried: list[series.SeriesLine] | None = None,
) -> Response:
    parts = await visit.api.gather(**WHO, rules=_RULES)
    directory, kept = directory_from(parts), parts["rules"].data or {"rules": [], "revision": 0}
    base = visit.request.base_url
    model = {
        **shell(directory, "series", parts["rules"]),
        "may_change": may_connect(directory),
        "has_company": bool(directory.own),
        "lines": series.rule_lines(visit.reader, kept["rules"]),
        "revision": kept["revision"],
        "readings": [(each, series.reading_in_words(visit.reader, each)) for each in series.READINGS],
        "lines_to_copy": series.remote_write_lines(f"{base.scheme}://{base.netloc}", kept["rules"]),
        "key_file": series.KEY_FILE,
        "typed": typed,
        "errors": errors,
        "tried": tried,
    }
    return render(visit, "connections/series.html", model, status=422 if errors else 200)


@router.post("/connections/series")
async def try_or_add(visit: SignedIn, form: Fields) -> Response:
    """Try the rules on the pasted series, or add the form's rule after all others, depending on the button ``act``.

    A rule in the form is tried too, as the last one.
    """
    typed = {name: form.text(name) for name in _FIELDS}
    is_rule = bool(typed["match"] or typed["indicator"])
    if form.text("act") == "add":
        errors = _empty_fields(visit, typed)
        return await _rules_page(visit, typed, errors) if errors else await _add(visit, form, typed)
    kept = (await visit.api.get(_RULES))["rules"]
    rules = [*kept, _rule_of(typed)] if is_rule else kept
    try:
        shown = series.series_of(typed["series"])
    except series.SeriesMisread as misread:
        why = visit.reader.gettext('“%(line)s” is no series, such as up{job="shop"}.', line=misread)
        return await _rules_page(visit, typed, {"series": why})
    if not shown:
        why = visit.reader.gettext('Paste some series, one a line, such as up{job="shop"}.')
        return await _rules_page(visit, typed, {"series": why})
    try:
        answer = await visit.api.post(f"{_RULES}/preview", {"series": shown, "rules": rules})
    except RefusedRequest as refused:
        return await _rules_page(visit, typed, _errors_of(visit, refused, len(kept)))
    return await _rules_page(visit, typed, {}, series.series_lines(visit.reader, answer["items"]))


def _empty_fields(visit: Visit, typed: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    if not typed["match"]:
        errors["match"] = visit.reader.gettext('Write which series are meant, such as up{job="shop"}.')
    if not typed["indicator"]:
        errors["indicator"] = visit.reader.gettext("Write what they measure, such as shop.up.")
    return errors


def _rule_of(typed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "match": typed["match"],
        "indicator": typed["indicator"],
        "labels": [each.strip() for each in typed["labels"].split(",") if each.strip()],
        "reading": typed["reading"] or None,
    }


def _errors_of(visit: Visit, refused: RefusedRequest, place: int) -> dict[str, str]:
    """Return the errors of a refusal: field of the form → error.

    ``place`` is the index, from 0, that the form's rule has in the refused list of rules.
    """
    errors, within = {}, f"rules[{place}]."
    for field, why in refused.fields.items():
        own = field.removeprefix(within).partition("[")[0]
        errors[own if field.startswith(within) and own in _FIELDS else "form"] = why
    if "indicator" in errors:
        errors["indicator"] = visit.reader.gettext(
            "Write the name of a measurement, such as shop.up; {job} stands for the value of the label job."
        )
    return errors or {"form": str(refused)}


async def _add(visit: Visit, form: Form, typed: Mapping[str, str]) -> Response:
    kept = await visit.api.get(_RULES)
    if not _is_current(kept, form):
        return await _rules_page(visit, typed, {"form": _changed_meanwhile(visit)})
    try:
        await visit.api.send("PUT", _RULES, {"rules": [*kept["rules"], _rule_of(typed)]})
    except RefusedRequest as refused:
        if refused.status == 403:
            raise
        return await _rules_page(visit, typed, _errors_of(visit, refused, len(kept["rules"])))
    return go(visit, _HERE)


@router.post("/connections/series/{number}/{act}")
async def move_or_remove(visit: SignedIn, number: int, act: str, form: Fields) -> Response:
    """Move a rule one place up or down, or remove it. ``number`` is its place, from 0."""
    kept = await visit.api.get(_RULES)
    rules = list(kept["rules"])
    if not _is_current(kept, form):
        return await _rules_page(visit, {}, {"form": _changed_meanwhile(visit)})
    if not 0 <= number < len(rules):
        raise NotFound(404, {})
    other = number - 1 if act == "up" else number + 1
    if act == "remove":
        del rules[number]
    elif act in ("up", "down") and 0 <= other < len(rules):
        rules[number], rules[other] = rules[other], rules[number]
    else:
        raise NotFound(404, {})
    await visit.api.send("PUT", _RULES, {"rules": rules})
    return go(visit, _HERE)


def _is_current(kept: Mapping[str, Any], form: Form) -> bool:
    """Whether nobody has changed the rules since the form was shown, so that an index still means the same rule."""
    return form.text("revision") == str(kept["revision"])


def _changed_meanwhile(visit: Visit) -> str:
    return visit.reader.gettext("Somebody else changed the rules meanwhile. They are shown as they are now; try again.")
