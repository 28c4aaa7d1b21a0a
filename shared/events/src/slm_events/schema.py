"""JSON Schemas of events, derived from their dataclasses. The attribute ``dataschema`` of an event names its schema,
and docs/reference prints all of them.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import types
import typing
from typing import Any

_SCALARS = {str: "string", int: "integer", bool: "boolean"}


def schema_of(event: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event class.

    A field without a default is required; unknown fields are allowed. Raises TypeError if the type of a field is not
    allowed in events.
    """
    hints = typing.get_type_hints(event)
    texts = field_descriptions(event)
    fields = dataclasses.fields(event)
    return {
        "title": event.__name__,
        "description": inspect.getdoc(event) or "",
        "type": "object",
        "properties": {field.name: _property(field.name, hints[field.name], texts) for field in fields},
        "required": [field.name for field in fields if is_required(field)],
    }


def is_required(field: dataclasses.Field[Any]) -> bool:
    """Whether an event's data must contain this field."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def field_descriptions(event: type[Any]) -> dict[str, str]:
    """Return for each field of an event class the docstring below it, including inherited fields."""
    texts: dict[str, str] = {}
    for ancestor in reversed(event.__mro__):
        if dataclasses.is_dataclass(ancestor):
            texts.update(_own_texts(ancestor))
    return texts


def _own_texts(event: type[Any]) -> dict[str, str]:
    definition = ast.parse(textwrap.dedent(inspect.getsource(event))).body[0]
    assert isinstance(definition, ast.ClassDef)
    texts = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = inspect.cleandoc(text)
    return texts


def _property(name: str, hint: Any, texts: dict[str, str]) -> dict[str, Any]:
    schema = _of_type(hint)
    if name.endswith("_at") or name == "at":
        schema["format"] = "date-time"
    if name in texts:
        schema["description"] = texts[name]
    return schema


def _of_type(hint: Any) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return {"type": "array", "items": _of_type(arguments[0])}
    if origin is dict:
        return {"type": "object"}
    if origin is types.UnionType and len(arguments) == 2 and arguments[1] is type(None):
        schema = _of_type(arguments[0])
        return {**schema, "type": [schema["type"], "null"]}
    raise TypeError(f"{hint} has no place in the published language")
