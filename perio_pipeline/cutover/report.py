"""The window report: what was picked up while it was open, and what people have to look at now (P7). No values."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from perio_pipeline.cutover.window import Window
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.templates import render
from perio_pipeline.workplace import Workplace

REPORT = "window.html"
_PLACE = ["object", "source_key", "crm_id", "field"]


def write_window_report(rooms: Workplace, practice: Practice, crm: str, window: Window) -> Path:
    """Write the report on a window, open or closed; returns where."""
    differences = _differences(rooms, practice.practice, crm)
    page = render(
        "window.html",
        practice=practice.name,
        words=words_of(crm),
        opened=_shown(window.opened_at, practice),
        closed=_shown(window.closed_at or window.closes_at, practice),
        opened_by=window.opened_by,
        records=sum(batch.records for batch in window.picked_up),
        unexplained=int((~differences["explained"]).sum()),
        conflicts=int((differences["cause"] == Cause.CONFLICT).sum()),
        lines=[
            {"found": _shown(batch.found_at, practice), "table": table, **counts.model_dump()}
            for batch in window.picked_up
            for table, counts in batch.tables.items()
        ],
        lists=[
            ("In conflict", "Nothing was changed on both sides.", _lines(differences, Cause.CONFLICT)),
            (
                "Edited in the CRM, and kept",
                "People edited nothing that we had written.",
                _lines(differences, Cause.EDITED),
            ),
            (
                "No longer in PANDA",
                "Everything that we loaded is still in PANDA.",
                _lines(differences, Cause.DELETED),
            ),
            (
                "Different without a reason",
                "Nothing.",
                differences.loc[~differences["explained"], _PLACE].to_dict("records"),
            ),
        ],
    )
    return rooms.write_report(page, practice.practice, crm, REPORT)


def _differences(rooms: Workplace, practice: str, crm: str) -> pd.DataFrame:
    store = rooms.store()
    stored = [store.frame(practice, [crm, "diff", name]) for name in rooms.mapping(crm).objects]
    frames = [frame.read([*_PLACE, "cause", "explained"]) for frame in stored if frame.exists()]
    empty = pd.DataFrame({name: pd.Series(dtype=TEXT) for name in [*_PLACE, "cause"]}).assign(explained=True)
    return pd.concat([empty.astype({"explained": "boolean"}), *frames], ignore_index=True)


def _lines(differences: pd.DataFrame, cause: Cause) -> list[dict[Any, Any]]:
    lines = differences.loc[differences["cause"] == cause, _PLACE]
    return lines.astype(object).where(lines.notna(), None).to_dict("records")


def _shown(moment: datetime, practice: Practice) -> str:
    return f"{moment.astimezone(practice.locale.zone):%Y-%m-%d %H:%M}"
