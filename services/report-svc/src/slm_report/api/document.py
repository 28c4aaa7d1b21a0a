"""The texts of report-svc's OpenAPI document that are not written at its routes: tags, parameters and problem types."""

from __future__ import annotations

from slm_chassis.http.document import Documentation, read_answer_examples
from slm_chassis.http.problem_types import ProblemType

_TAGS = {
    "credit-previews": "Service credits that figures would have under a schedule, tried without storing anything.",
    "dead-letters": "Records that the service could not handle, for operators.",
    "key-uses": "When API keys were last used in the service.",
    "reports": "Service reports: what was agreed against what was attained, by period and revision.",
    "schemas": "JSON Schemas of the published events.",
}
_PARAMETERS = {
    "agreement_id": "Id of the agreement",
    "dead_letter_id": "Id of the dead letter",
    "event_type": "Type of an event, such as `slm.monitor.target-breached.v1`, or its `dataschema`",
    "period": "Name of the period in the agreement's cadence, such as `2026-11`",
    "report_id": "Id of the report",
    "state": "Only reports in this state: `interim` while a window of the period is open",
    "verdict": "Only reports with this verdict",
}
_PROBLEMS = (
    ProblemType(
        "outside-term",
        409,
        "The agreement was not in force in the period",
        "A report covers a period in which its agreement was in force.",
        "Name a period in which it was in force.",
    ),
    ProblemType(
        "figures-away",
        503,
        "The figures of open windows are not available now",
        "A report of an open period reads its figures from monitor-svc, which does not answer.",
        "Send the same request again after the seconds in Retry-After.",
    ),
)
DOCUMENT = Documentation(
    tags=_TAGS, parameters=_PARAMETERS, problems=_PROBLEMS, examples=read_answer_examples(__package__)
)
