"""Response models with the fields of a dataclass, so that a resource lists its fields only once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Annotated, Any, TypeVar, cast, get_type_hints

from pydantic import BaseModel, BeforeValidator, create_model

from slm_events import instants


def _written(value: Any) -> Any:
    return instants.to_text(value) if isinstance(value, int) else value


Instant = Annotated[str, BeforeValidator(_written)]
"""An instant: microseconds UTC in the use cases, RFC 3339 text in the answer."""

Model = TypeVar("Model", bound=BaseModel)


def of_dataclass(kind: type[Any], *, without: Collection[str] = ()) -> Callable[[type[Model]], type[Model]]:
    """Return a decorator that gives a model every field of the dataclass that the model does not declare itself.

    All fields are required: an answer always has every field. An integer named ``at`` or ``…_at`` is an instant and
    becomes RFC 3339 text. The model declares only fields that it describes, narrows or adds. ``without`` names fields
    of the dataclass that are left out.
    """
    types = get_type_hints(kind)

    def derived(model: type[Model]) -> type[Model]:
        declared = model.model_fields
        ordered: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in declared:
                ordered[field.name] = (declared[field.name].annotation, declared[field.name])
            elif field.name not in without:
                ordered[field.name] = (_outward(field.name, types[field.name]), ...)
        ordered |= {name: (info.annotation, info) for name, info in declared.items() if name not in ordered}
        made: Any = create_model(
            model.__name__,
            __base__=model.__bases__,
            __cls_kwargs__=dict(model.model_config),
            __module__=model.__module__,
            __doc__=model.__doc__,
            **ordered,
        )
        return cast("type[Model]", made)

    return derived


def _outward(name: str, kind: Any) -> Any:
    if name != "at" and not name.endswith("_at"):
        return kind
    return {int: Instant, int | None: Instant | None}[kind]
