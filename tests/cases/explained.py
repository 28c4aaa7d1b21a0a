"""Why a source's answer is not ours, by the source's rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tests.cases.reading import Case


@dataclass(frozen=True)
class Explanation:
    """Holds for the cases of a group whose source names ``source``, as far as they differ in ``fields`` alone."""

    source: str
    group: str
    fields: frozenset[str]
    reason: str

    def covers(self, case: Case, fields: Collection[str]) -> bool:
        """Whether all that differs is what this explains."""
        return self.source in case.source and self.group == case.group and set(fields) <= self.fields


def _explained(source: str, group: str, fields: str, reason: str) -> Explanation:
    return Explanation(source, group, frozenset(fields.split()), reason)


EXPLANATIONS = (
    _explained(
        "pyrra", "pyrra_windows", "severity for_min long_min short_min exhaustion",
        "Pyrra's own catalogue: windows of 1 h, 6 h, 1 d and 4 d for 28 days, scaled to other periods and rounded to"
        " minutes, each with a wait before it tells and a severity. Ours are the workbook's, whose short window is a"
        " twelfth of the long one; other pairs are written by whoever wants them, and nothing waits beside them.",
    ),
    _explained(
        "slo-generator", "policy", "burn_rate_threshold page",
        "The sample policy of slo-generator: single windows with thresholds of its own. A pair with equal windows says"
        " the same in our terms, but which thresholds an installation starts with is its author's choice.",
    ),
    _explained(
        "nobl9", "policy", "op value",
        "Presets of a product. Ours are the workbook's pairs, and a burn rate has to be strictly above its factor.",
    ),
    _explained(
        "nobl9", "limits", "max_slos_per_definition max_events_per_slo_per_action max_days_in_the_past",
        "Limits of a hosted product on how many exclusions it takes; we have none of them.",
    ),
    _explained(
        "nobl9", "composite", "shown",
        "Shown with two decimals, cut off. We show four, half-even, and away from the objective where rounding would"
        " show met for unmet.",
    ),
    _explained(
        "keptn", "scoring", "upper_limit pass_5_5 pass_5_51",
        "A criterion relative to an earlier run judges a deployment against the one before it. A service level is"
        " agreed: its objective does not move with what was attained.",
    ),
    _explained(
        "slo-generator", "report", "burn_rate alert",
        "The burn rate is rounded to one decimal before it is compared. We never compare a rounded figure.",
    ),
    _explained(
        "PagerDuty", "signature", "signature",
        "The signature is of a file that is not published beside the case.",
    ),
)  # fmt: skip


def explanation_of(case: Case, fields: Collection[str]) -> Explanation | None:
    """The reason why we answer otherwise, or None."""
    return next((each for each in EXPLANATIONS if each.covers(case, fields)), None)
