"""Models of all JSON answers of monitor-svc: their descriptions in the OpenAPI document, field by field.

* ``shapes``: field types that many models share;
* ``findings``: breaches and risks;
* ``causes``: causes of breaches and risks, and assignments;
* ``targets``, ``windows``, ``explanations``, ``figures``: results of a target, and their derivation;
* ``summary``: everything that a caller may see, in one answer;
* ``tickets``, ``clocks``: tickets with their clocks;
* ``exclusions``: time that is left out of figures;
* ``intake``: indicators, batches, imports and quarantine;
* ``previews``, ``backtests``: results of draft terms, over given or stored facts.

A model describes an answer, and does not build or change it. This package must not import anything of the service.
"""
