"""Response models: their base, lists in pages, fields that may be absent, and models with the fields of a dataclass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar, cast, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from slm_events import instants

Item = TypeVar("Item")


class Answer(BaseModel):
    """A JSON answer, or a part of one.

    The text below a field is its description in the API's document: what it means, its unit, its format. A field
    without a default is in every answer; it is null only if its type allows null.
    """

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


class ListAnswer(Answer, Generic[Item], use_attribute_docstrings=False):
    """One page of a list. A subclass that adds fields switches ``use_attribute_docstrings`` on again.

    This option is off here because ``ListAnswer[Item]`` is a class without source code: pydantic would look for the
    source in every frame of the call stack, which would take a third of a service's start.
    """

    items: list[Item] = Field(description="The items of this page, in the order of the list")
    next: str | None = Field(description="Opaque cursor of the next page, for `?cursor=`; null on the last page")


@cache
def list_of(item: type[BaseModel]) -> type[BaseModel]:
    """Return the model of one page of these items, with a name that clients can use.

    For ``PartyAnswer`` or ``PartyResponse`` the name is ``PartyList``.

    A list with further fields is a class of its own, see ``ListAnswer``.
    """
    name = f"{item.__name__.removesuffix('Answer').removesuffix('Response')}List"
    text = f"One page of a list of {item.__name__}."
    made: type[BaseModel] = create_model(name, __base__=ListAnswer[item], __module__=item.__module__, __doc__=text)  # type: ignore[valid-type]
    return made


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


def absent_field(alias: str | None = None) -> Any:
    """Return the default of a field that some answers leave out. If the field is present, it is null only if its type
    allows null.

    ``alias`` is the field's name in the answers, needed if Python does not allow this name. Without ``alias``, the
    attribute's name is used.
    """
    return Field(default=None, alias=alias, json_schema_extra=_without_default)


ABSENT: Any = absent_field()
"""Default of a field that some answers leave out and whose name needs no alias."""


def _written(value: Any) -> Any:
    return instants.to_text(value) if isinstance(value, int) else value


Instant = Annotated[str, BeforeValidator(_written), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant: microseconds UTC in the use cases, RFC 3339 text in answers."""

Model = TypeVar("Model", bound=BaseModel)


def fields_of_dataclass(
    kind: type[Any], *, without: Collection[str] = (), descriptions: Mapping[str, str] = MappingProxyType({})
) -> Callable[[type[Model]], type[Model]]:
    """Return a decorator that adds to a model every field of a dataclass that the model does not declare itself.

    All fields are required: an answer always has every field. An integer named ``at`` or ``…_at`` is an instant and
    becomes RFC 3339 text. The model declares only fields that it describes, narrows or adds. ``without`` names fields
    of the dataclass that are left out. ``descriptions`` holds the descriptions of fields that the model does not
    declare.
    """
    types = get_type_hints(kind)

    def derived(model: type[Model]) -> type[Model]:
        declared = model.model_fields
        ordered: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in declared:
                ordered[field.name] = (declared[field.name].annotation, declared[field.name])
            elif field.name not in without:
                described = Field(description=descriptions.get(field.name))
                ordered[field.name] = (_outward(field.name, types[field.name]), described)
        ordered |= {name: (info.annotation, info) for name, info in declared.items() if name not in ordered}
        made: Any = create_model(
            model.__name__,
            __base__=model.__bases__,
            # All descriptions are known: looking for the source of a class that has none would be slow.
            __cls_kwargs__=dict(model.model_config) | {"use_attribute_docstrings": False},
            __module__=model.__module__,
            __doc__=model.__doc__,
            **ordered,
        )
        made.model_config = model.model_config.copy()
        return cast("type[Model]", made)

    return derived


def _outward(name: str, kind: Any) -> Any:
    if name != "at" and not name.endswith("_at"):
        return kind
    return {int: Instant, int | None: Instant | None}[kind]
