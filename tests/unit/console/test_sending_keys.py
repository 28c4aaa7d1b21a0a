"""A key that only sends, as the console makes it, may use every route that takes facts in."""

from __future__ import annotations

from slm.contexts import document_of
from slm_chassis.http.document import document_operations
from slm_console.views.connections.keys import SENDING


def test_a_key_that_only_sends_may_use_every_intake() -> None:
    taking = {
        path.split("/")[3]
        for path, method, operation in document_operations(document_of("monitor"))
        if method == "post" and "intake" in operation["tags"] and operation["summary"].startswith("Take ")
    }
    assert {"measurements", "ticket-events", "cloudevents", "otlp", "prometheus"} <= taking
    assert {f"{each}:write" for each in (*taking, "indicators", "tickets")} == set(SENDING)
