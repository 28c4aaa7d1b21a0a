"""The four services by context: how each is configured, migrated and built."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from slm_chassis.app import Build
from slm_chassis.http.problem_types import ProblemType
from slm_chassis.settings import ServiceSettings

CONTEXTS = ("agreement", "monitor", "report", "review")


def package_of(context: str) -> str:
    """The Python package of a context; it holds its migrations."""
    return f"slm_{context}"


def build_of(context: str) -> Build:
    """A service's ``bootstrap.build``; imported when asked for, so that ``slm version`` need not load them all."""
    build: Build = import_module(f"{package_of(context)}.bootstrap").build
    return build


def document_of(context: str) -> dict[str, Any]:
    """A service's OpenAPI document, as it serves it; made without starting anything."""
    document: dict[str, Any] = import_module(f"{package_of(context)}.bootstrap").document()
    return document


def problems_of(context: str) -> Mapping[str, ProblemType]:
    """Every type of problem that a service answers with, by code."""
    types: Mapping[str, ProblemType] = import_module(f"{package_of(context)}.api.document").DOCUMENT.types
    return types


def settings_of(context: str) -> type[ServiceSettings]:
    """A service's own settings class."""
    module = import_module(f"{package_of(context)}.settings")
    [found] = {
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, ServiceSettings) and each.context == context
    }
    return found
