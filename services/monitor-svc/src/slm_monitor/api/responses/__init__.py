"""Models of all JSON answers of monitor-svc: their descriptions in the OpenAPI document, field by field.

* ``shapes``: the types that many fields have, and a page of a list;
* ``findings``: breaches and risks;
* ``targets``, ``windows``, ``explanations``, ``figures``: what is known of a target, and why;
* ``tickets``, ``clocks``: tickets with their clocks;
* ``exclusions``: time that does not count;
* ``intake``: indicators, batches, imports and quarantine;
* ``previews``, ``backtests``: draft terms on given or stored facts.

A model describes an answer, and does not build or change it. This package must not import anything of the service.
"""
