"""The use cases of monitor-svc: taking in facts, adopting agreements, evaluating targets, and answering questions.

From the bottom:

* ``state``: the ports to the outside, and what a partition keeps in memory;
* ``commands``, ``intake``: use cases started by people and other services; the intake of facts;
* ``evaluators``: which targets are evaluated, and when;
* ``history``: reading the record of facts;
* ``explain``: explanations of figures;
* ``reading``: results as pages show them;
* ``causes``: grouping of breaches and risks by their causes;
* ``engine``, ``preview``: the worker that evaluates continuously; previews and back-tests of draft terms;
* ``stream``: the live stream, which depends on none of the others.

This package must not know HTTP or SQL.
"""
