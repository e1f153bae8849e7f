"""Clinical notes in Freshsales as its users see them: rich text, original time, visit (requirements F5, F7)."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline_tests.end_to_end.world import (
    PRACTICE,
    World,
    change_destination,
    checks,
    failures,
    make_sample,
    world,
)

pytestmark = pytest.mark.slow
CRM = "freshsales"

TABLE = (
    "<div><p><b>Objective:</b> <i>deepest</i> sites</p><table><tr><td>#3</td><td>5 mm</td></tr><tr><td>#14</td>"
    "<td>&gt;6 mm</td></tr></table><ol><li>SRP UR</li><li>SRP LR</li></ol><p onclick='x()'>PD </= 3<script>x()</script>"
    "</p></div>"
)
STRUCK = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Calibri;}}\pard\f0 \b Subjective:\b0  allergy \strike latex\strike0\par "
)
STRUCK += r"{\listtext\'b7\tab}caf\'e9 \u8805?5 mm\par}"


def long_note(sections: int) -> str:
    """An RTF note of many headed paragraphs, about 500 characters each."""
    words = " ".join(f"site {number} bleeds \\u8805?4 mm," for number in range(18))
    return r"{\rtf1\ansi " + "".join(rf"\b Visit {number}:\b0  {words}\par " for number in range(sections)) + "}"


@pytest.fixture(scope="module")
def rich_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A small practice in which three notes of visits are a table, struck text, and very long; and their keys."""
    path = make_sample(tmp_path_factory.mktemp("rich"), 15)
    with sqlite3.connect(path) as database:
        patient = (
            "SELECT PatID FROM InstaNote JOIN Patient USING (PatID) WHERE PatStatus = 'A' "
            "GROUP BY PatID ORDER BY count(*) DESC LIMIT 1"
        )
        query = f"SELECT NoteNo FROM InstaNote WHERE VisitNo > 0 AND PatID = ({patient}) ORDER BY NoteNo LIMIT 3"
        keys = [str(key) for (key,) in database.execute(query)]
    for key, body in zip(keys, (TABLE, STRUCK, long_note(40)), strict=True):
        write_note(path, key, body)
    return path, keys


def write_note(database: Path, key: str, body: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE InstaNote SET NoteBody = ? WHERE NoteNo = ?", (body.encode("cp1252"), key))


def frame(made: World, *key: str) -> pd.DataFrame:
    return made.rooms.store().frame(PRACTICE, key).read()


def get(made: World, path: str) -> Any:
    url = f"{made.sandbox.base_url}/crm/sales/api{path}"
    answer = httpx.get(url, headers={"Authorization": f"Token token={made.token}"})
    answer.raise_for_status()
    return answer.json()


def manifest(made: World) -> pd.DataFrame:
    return frame(made, CRM, "loaded", "notes").set_index("source_key")


def parts_of(made: World, key: str) -> list[str]:
    """The HTML of a note's parts, as its parent lists them."""
    rows = manifest(made)
    mine = [part for part in rows.index if part == key or part.startswith(f"{key}#")]
    found = {}
    for part in sorted(mine, key=lambda name: int(name.partition("#")[2] or 1)):
        module, _, crm_id = str(rows.loc[part, "parent_id"]).rpartition("/")
        listed = get(made, f"/appointments/{crm_id}" if module else f"/contacts/{crm_id}/notes")["notes"]
        (found[part],) = [note["description"] for note in listed if str(note["id"]) == rows.loc[part, "crm_id"]]
    return list(found.values())


def visible(text: str) -> str:
    """What a browser would show, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def red(made: World) -> dict[str, dict[str, int]]:
    """Red checks of the latest run → their unexplained differences."""
    result = made.results[-1]
    assert failures(result) == {}
    found = {}
    for name, check in checks(result).items():
        if not check.passed:
            records = check.metadata["differences_unexplained"].records  # type: ignore[union-attr]
            found[name] = {record.data["field and cause"]: record.data["rows"] for record in records}
    return found


def explained(made: World) -> dict[str, int]:
    counts = frame(made, CRM, "diff", "notes").query("explained").groupby(["field", "cause"]).size()
    return {f"{field}: {cause}": int(rows) for (field, cause), rows in counts.items()}


def wrote_nothing(made: World) -> bool:
    notes = made.status()["notes"]
    return (notes.created, notes.updated, notes.failed, notes.writes) == (0, 0, 0, 0)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, rich_sample: tuple[Path, list[str]]) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("notes"), rich_sample[0], crm=CRM) as made:
        made.migrate()
        yield made


def test_f7_rich_text_with_original_time_author_and_visit(moved: World, rich_sample: tuple[Path, list[str]]) -> None:
    assert red(moved) == {}
    key = rich_sample[1][0]
    (note,) = parts_of(moved, key)
    assert note.startswith("<p><b>")
    assert "<p><b>Objective:</b> <i>deepest</i> sites</p>" in note
    assert "<td>#14</td>\n<td>&gt;6 mm</td>" in note
    assert "<ol>\n<li>SRP UR</li>\n<li>SRP LR</li>\n</ol>" in note
    assert "script" not in note
    assert "onclick" not in note
    source = frame(moved, "validated", "clinical_note").set_index("note_id").loc[key]
    author = frame(moved, "validated", "provider").set_index("provider_id").loc[source["provider_id"]]
    visit = frame(moved, "validated", "appointment").set_index("appointment_id").loc[source["appointment_id"]]
    header = (
        f"{source['kind']} note, {source['written_at']:%Y-%m-%d %H:%M}, {author['first_name']} {author['last_name']} "
        f"Visit: {visit['starts_at']:%Y-%m-%d %H:%M} {visit['visit_type']}"
    )
    assert visible(note).startswith(header)
    assert visible(note).endswith(f"PD </= 3 [PANDA note {key}]")


def test_f7_rtf_keeps_bold_labels_lists_signs_and_says_what_is_struck(
    moved: World, rich_sample: tuple[Path, list[str]]
) -> None:
    (note,) = parts_of(moved, rich_sample[1][1])
    assert "<p><b>Subjective:</b> allergy [struck out: <s>latex</s>]</p>\n<ul>\n<li>café ≥5 mm</li>\n</ul>" in note


def test_f7_a_long_note_is_in_parts_that_are_whole_html_and_say_everything(
    moved: World, rich_sample: tuple[Path, list[str]]
) -> None:
    parts = parts_of(moved, rich_sample[1][2])
    assert len(parts) > 1
    assert all(len(part) <= 10_000 for part in parts)
    shown = " ".join(map(visible, parts))
    assert all(f"Visit {number}: site 0 bleeds ≥4 mm," in shown for number in range(40))
    for number, part in enumerate(parts, start=1):
        assert part.count("<b>") == part.count("</b>") > 0
        assert f"Part {number} of {len(parts)} [PANDA note" in part


def test_notes_are_made_in_the_order_in_which_they_were_written(moved: World) -> None:
    seen = frame(moved, CRM, "readback", "notes")
    contact = seen["link.contact_id"].value_counts().index[0]
    listed = get(moved, f"/contacts/{contact}/notes")["notes"]
    written = [re.search(r"note</b>, (\d{4}-\d\d-\d\d)", note["description"]) for note in listed]
    dates = [found[1] for _, found in sorted(zip((note["id"] for note in listed), written, strict=True)) if found]
    assert len(dates) > 2
    assert dates == sorted(dates)


def test_f5_notes_move_to_their_visits_and_back_when_the_account_is_said_to_allow_it(
    tmp_path: Path, rich_sample: tuple[Path, list[str]]
) -> None:
    sample, keys = rich_sample
    behaviour = Behaviour(note_on_appointment="accept", note_html="strip")
    on, off = ({"note_on_appointment": yes, "note_html": "strip"} for yes in (True, False))
    with world(tmp_path, sample, {"capabilities": on}, CRM, behaviour=behaviour) as made:
        made.migrate()
        assert red(made) == {}
        # The table goes, as the account was said to do; its words stay apart and all are there.
        assert explained(made) == {"description: made_plain": 2}
        (note,) = parts_of(made, keys[0])
        assert "<td>" not in note
        assert "#3 5 mm #14 >6 mm" in visible(note)
        source = frame(made, "validated", "clinical_note").set_index("note_id")
        visits = frame(made, CRM, "loaded", "appointments").set_index("source_key")["crm_id"]
        assert (
            manifest(made).loc[keys[0], "parent_id"] == f"appointments/{visits[source.loc[keys[0], 'appointment_id']]}"
        )
        made.migrate_only("notes")
        assert wrote_nothing(made)

        change_destination(made.rooms, CRM, {"capabilities": off})
        made.migrate_only("notes")
        assert red(made) == {}
        rows = manifest(made)
        assert explained(made) == {"description: made_plain": 2}
        assert set(rows["action"]) == {"updated"}
        assert not rows["parent_id"].str.contains("/").any()
        assert len(get(made, f"/contacts/{rows.loc[keys[0], 'parent_id']}/notes")["notes"]) > 0

        change_destination(made.rooms, CRM, {"capabilities": on})
        made.migrate_only("notes")
        assert red(made) == {}
        assert manifest(made).loc[keys[0], "parent_id"].startswith("appointments/")
        made.migrate_only("notes")
        assert wrote_nothing(made)


def test_formatting_that_an_account_drops_without_being_said_to_is_red(
    tmp_path: Path, rich_sample: tuple[Path, list[str]]
) -> None:
    with world(tmp_path, rich_sample[0], crm=CRM, behaviour=Behaviour(note_html="strip")) as made:
        made.migrate()
        assert red(made) == {f"{CRM}/readback/notes:field_level_diff": {"description: unformatted": 2}}


def test_an_account_with_shorter_notes_than_the_mapping_cuts_is_refused_before_anything_is_sent(
    tmp_path: Path, rich_sample: tuple[Path, list[str]]
) -> None:
    with world(tmp_path, rich_sample[0], {"capabilities": {"note_characters": 5000}}, CRM) as made:
        (problem,) = failures(made.migrate()).values()
        assert "Account main takes fewer characters than would be sent: " in problem
        assert " notes.description (10000 by the mapping, 5000 in the account)." in problem
        assert "Lower these limits in the mapping file." in problem
        assert made.sandbox.stats()["writes"] == 0


def test_a_note_that_grows_gets_parts_and_one_that_shrinks_shows_what_is_left_over(
    tmp_path: Path, rich_sample: tuple[Path, list[str]]
) -> None:
    sample, keys = rich_sample
    with world(tmp_path, sample, crm=CRM) as made:
        database = made.rooms.data / "sample" / f"{PRACTICE}.db"
        made.migrate()
        first = manifest(made)
        ids = [first.loc[part, "crm_id"] for part in (keys[2], f"{keys[2]}#2")]
        write_note(database, keys[2], long_note(80))
        made.migrate_only("notes", read=True)
        assert red(made) == {}
        rows = manifest(made)
        assert [rows.loc[part, "crm_id"] for part in (keys[2], f"{keys[2]}#2")] == ids
        assert set(rows["action"]) == {"created", "updated", "unchanged"}
        parts = len(parts_of(made, keys[2]))
        write_note(database, keys[2], "Short.")
        made.migrate_only("notes", read=True)
        assert red(made) == {f"{CRM}/readback/notes:field_level_diff": {"*: extra": parts - 1}}
        assert manifest(made)["action"].value_counts()["leftover"] == parts - 1
        assert visible(parts_of(made, keys[2])[0]).endswith(f"Short. [PANDA note {keys[2]}]")
