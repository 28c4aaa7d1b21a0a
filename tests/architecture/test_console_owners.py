"""The console asks each resource of the service that serves it."""

from __future__ import annotations

from slm.contexts import CONTEXTS, document_of
from slm.face import PREFIX, SHARED, resource_of
from slm_console.api_client import OWNERS


def test_the_console_knows_the_owner_of_what_it_asks() -> None:
    served = {
        resource_of(path): context
        for context in CONTEXTS
        for path in document_of(context)["paths"]
        if path.startswith(PREFIX)
    }
    served.pop(SHARED)
    assert {resource: served.get(resource) for resource in OWNERS} == dict(OWNERS)
