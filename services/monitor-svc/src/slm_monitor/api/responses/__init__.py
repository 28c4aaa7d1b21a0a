"""Models of all JSON answers of monitor-svc: what the OpenAPI document says of them, field by field.

* ``shapes``: the types that many fields have, and a page of a list;
* ``findings``: breaches and risks;
* ``targets``, ``windows``, ``explanations``, ``figures``: what is known of a target, and why;
* ``tickets``, ``clocks``: tickets with their clocks;
* ``exclusions``: time that does not count;
* ``intake``: indicators, batches, imports and quarantine;
* ``previews``, ``backtests``: terms that are only tried.

A model describes an answer; it neither makes nor changes one. This package must not import anything of the service.
"""
