"""monitor-svc over HTTP: parse the request, call the use case, shape the answer.

* ``intake``: measurements, ticket events, OTLP, imports, indicators, quarantine;
* ``results``: targets, windows, figures, breaches, tickets, explanations, and the live stream;
* ``responses``: the models of all answers;
* ``drafts``: previews and back-tests of draft terms;
* ``decisions``: decisions of a party on exclusions and breaches.

``dependencies`` names the parts of the service that routes depend on.

Nothing here decides anything about service levels, and nothing opens the database by itself.
"""
