"""The series about targets that Prometheus reads: name, meaning and labels of each series."""

from __future__ import annotations

from slm_chassis.exposition import GaugeDescription
from slm_monitor.application.explain.recent_errors import RECENT_WINDOWS
from slm_monitor.domain.clocks import clock_state

TARGET = ("target_id", "service", "agreement", "target")
"""The labels of every series of a target: the target's id, and the keys of its service, agreement and itself."""
SLOTH = ("sloth_id", "sloth_service", "sloth_slo", "target_id")
"""The labels of the series that Sloth's dashboards and rules read. ``sloth_id`` and ``target_id`` are equal."""

VERDICTS = ("met", "at_risk", "breached", "no_data", "not_applicable", "unjudgeable")
CLOCK_STATES = (
    clock_state.RUNNING,
    clock_state.PAUSED,
    clock_state.MET,
    clock_state.BREACHED,
    clock_state.COMPLETED_LATE,
    clock_state.CANCELLED,
    "inconsistent",
)
"""The states of clocks. ``inconsistent`` counts unjudged tickets, in which an event is dated before the opening."""

VISIBLE, LEFT_OUT, AS_OF = "slm_targets_visible", "slm_targets_left_out", "slm_targets_as_of_timestamp_seconds"
INFO, VERDICT = "slm_target_info", "slm_target_verdict"
OBJECTIVE, FIGURE, ERROR_RATIO = "slm_target_objective", "slm_target_figure", "slm_target_error_ratio"
BUDGET_SECONDS, BUDGET_LEFT_SECONDS = "slm_target_budget_seconds", "slm_target_budget_left_seconds"
BUDGET_EVENTS, BUDGET_LEFT_EVENTS = "slm_target_budget_events", "slm_target_budget_left_events"
COVERAGE = "slm_target_coverage_ratio"
WINDOW_LEFT, TIME_TO_BREACH = "slm_target_window_left_seconds", "slm_target_time_to_breach_seconds"
WARNINGS, BREACHES = "slm_target_warnings", "slm_target_breaches_unacknowledged"
NO_DATA = "slm_target_no_data_seconds"
CLOCKS, TIME_TO_DEADLINE = "slm_target_clocks", "slm_target_time_to_deadline_seconds"

SLOTH_INFO, SLO_OBJECTIVE, SLO_BUDGET = "sloth_slo_info", "slo:objective:ratio", "slo:error_budget:ratio"
SLO_PERIOD, SLO_PERIOD_BURN_RATE = "slo:time_period:days", "slo:period_burn_rate:ratio"
SLO_BUDGET_LEFT = "slo:period_error_budget_remaining:ratio"
SLO_CURRENT_BURN_RATE = "slo:current_burn_rate:ratio"
SLO_ERRORS = {window: f"slo:sli_error:ratio_rate{window}" for window in RECENT_WINDOWS}
"""Name of a window → name of the series that shows the bad share in this window."""

CATALOGUE = (
    GaugeDescription(VISIBLE, "Targets that the key may see, that the filter names and that are judged now."),
    GaugeDescription(LEFT_OUT, "Of these, targets without series here, because an answer has only so many."),
    GaugeDescription(AS_OF, "The one instant of all figures, in seconds since 1970."),
    GaugeDescription(
        INFO,
        "What a target is: titles and names, how its figure is computed, its unit and its window.",
        (*TARGET, "title", "agreement_title", "service_name", "provider", "customer", "aggregation", "comparison",
         "unit", "window"),
    ),
    GaugeDescription(
        VERDICT,
        "1 for the verdict of the present window, 0 for the others. It is exact; compare no figure with an objective.",
        (*TARGET, "verdict"),
    ),
    GaugeDescription(OBJECTIVE, "What is promised: a share as a ratio, a time in seconds, else in the unit.", TARGET),
    GaugeDescription(FIGURE, "The figure of the present window so far, like the objective.", TARGET),
    GaugeDescription(ERROR_RATIO, "Of a share: its bad part in the present window so far.", TARGET),
    GaugeDescription(COVERAGE, "The known share of the present window so far; no value for recoveries.", TARGET),
    GaugeDescription(BUDGET_SECONDS, "Bad time that the present window allows.", TARGET),
    GaugeDescription(BUDGET_LEFT_SECONDS, "What is left of it; below 0 if more was spent.", TARGET),
    GaugeDescription(BUDGET_EVENTS, "Bad events, slices or outages that the present window allows.", TARGET),
    GaugeDescription(BUDGET_LEFT_EVENTS, "What is left of them; below 0 if more were spent.", TARGET),
    GaugeDescription(WINDOW_LEFT, "Time until the calendar window ends.", TARGET),
    GaugeDescription(
        TIME_TO_BREACH, "Time until the objective is missed at the present pace; no value if it is not.", TARGET
    ),
    GaugeDescription(
        WARNINGS,
        "Open warnings by cause and threshold, such as burn_rate PT1H/PT5M@14.4; no value without one.",
        (*TARGET, "cause", "threshold"),
    ),
    GaugeDescription(BREACHES, "Breaches in force that nobody has acknowledged.", TARGET),
    GaugeDescription(NO_DATA, "How long nothing has been measured; no value while there is data.", TARGET),
    GaugeDescription(CLOCKS, "Clocks of tickets, by state; those assigned several times count once.",
                     (*TARGET, "state")),
    GaugeDescription(TIME_TO_DEADLINE, "Time until the next deadline of a running clock; no value without one.",
                     TARGET),
    GaugeDescription(
        SLOTH_INFO, "A target whose figure is a share, for Sloth's dashboards.",
        (*SLOTH, "sloth_mode", "sloth_spec", "sloth_version", "sloth_objective"),
    ),
    GaugeDescription(SLO_OBJECTIVE, "The share that is to be good.", SLOTH),
    GaugeDescription(SLO_BUDGET, "The share that may be bad: 1 less the objective.", SLOTH),
    GaugeDescription(SLO_PERIOD, "The length of the present window in days.", SLOTH),
    GaugeDescription(
        SLO_PERIOD_BURN_RATE, "Bad share of the window so far, divided by the share that may be bad.", SLOTH
    ),
    GaugeDescription(
        SLO_CURRENT_BURN_RATE, "Bad share of the last five minutes, divided by the share that may be bad.", SLOTH
    ),
    *(
        GaugeDescription(name, f"Bad share of time or events in the last {window}.", (*SLOTH, "sloth_window"))
        for window, name in SLO_ERRORS.items()
    ),
    GaugeDescription(
        SLO_BUDGET_LEFT, "The share of the present window's budget that is left; below 0 if it is overspent.", SLOTH
    ),
)  # fmt: skip
