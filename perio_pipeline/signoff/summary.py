"""A diff in counts, as Markdown for Dagster's UI. Values and source keys never stand here."""

from __future__ import annotations

from perio_pipeline.signoff.causes import CAUSES, Cause
from perio_pipeline.signoff.diff import Diff


def to_markdown(diff: Diff, limit: int = 50) -> str:
    """Describe a diff without a single value.

    Args:
        diff: what was found.
        limit: how many lines of fields and causes at most.
    """
    counts = diff.counts
    by_cause = counts.groupby("cause")["count"].sum()
    lines = [
        f"**{diff.unexplained:,} unexplained of {diff.cells:,} cells** in {diff.records:,} records of `{diff.object}`",
        "",
        "| cause | state | differences | meaning |",
        "|---|---|---:|---|",
    ]
    for cause, meaning in CAUSES.items():
        if cause in by_cause.index:
            lines.append(f"| {cause} | {_state(cause)} | {int(by_cause[cause]):,} | {meaning.description} |")
    unexplained = counts[[not CAUSES[Cause(cause)].explained for cause in counts["cause"]]]
    if unexplained.empty:
        return "\n".join(lines)
    lines += ["", "| unexplained field | cause | differences |", "|---|---|---:|"]
    worst = unexplained.sort_values(["count", "field", "cause"], ascending=[False, True, True])
    for field, cause, count in worst.head(limit).itertuples(index=False):
        lines.append(f"| `{field}` | {cause} | {int(count):,} |")
    if len(worst) > limit:
        lines.append(f"| {len(worst) - limit:,} more | | |")
    return "\n".join(lines)


def _state(cause: Cause) -> str:
    return "explained" if CAUSES[cause].explained else "unexplained"
