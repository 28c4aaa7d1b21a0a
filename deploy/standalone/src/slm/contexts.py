"""The services by context (their short names, such as ``monitor``): settings, packages and ``build`` functions."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from slm_chassis.app import BuildFunction
from slm_chassis.http.problem_types import ProblemType
from slm_chassis.settings import ServiceSettings

CONTEXTS = ("agreement", "monitor", "report", "review", "notification")


def package_of(context: str) -> str:
    """Return the name of a context's Python package, which holds its migrations."""
    return f"slm_{context}"


def build_of(context: str) -> BuildFunction:
    """Return a service's ``bootstrap.build``. Its module is imported only now, so that ``slm version`` loads no
    service.
    """
    build: BuildFunction = import_module(f"{package_of(context)}.bootstrap").build
    return build


def document_of(context: str) -> dict[str, Any]:
    """Return a service's OpenAPI document, as the service would serve it, without starting anything."""
    document: dict[str, Any] = import_module(f"{package_of(context)}.bootstrap").document()
    return document


def problems_of(context: str) -> Mapping[str, ProblemType]:
    """Return every problem type that a service answers with, by code."""
    types: Mapping[str, ProblemType] = import_module(f"{package_of(context)}.api.document").DOCUMENT.types
    return types


def settings_of(context: str) -> type[ServiceSettings]:
    """Return a service's settings class."""
    module = import_module(f"{package_of(context)}.settings")
    [found] = {
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, ServiceSettings) and each.context == context
    }
    return found
