"""monitor-svc over HTTP: parse the request, call the use case, shape the answer.

* ``intake``: measurements, ticket events, OTLP, imports, indicators, quarantine;
* ``results``: targets, windows, figures, breaches, tickets, explanations, and the live stream;
* ``responses``: the models of all answers;
* ``drafts``: previews and back-tests of draft terms;
* ``decisions``: decisions of a party on exclusions and breaches.

``dependencies`` declares the stores, queries and workers that the routes get by injection.

This package must not decide anything about service levels, and must not open the database by itself.
"""
