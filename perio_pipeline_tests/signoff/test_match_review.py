"""The list for people: both sides of each pair, a decision per line, and nothing lost that somebody wrote into it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from perio_pipeline.loading.matching.decisions import DecisionError
from perio_pipeline.loading.matching.finding import MATCH_KINDS, Matches
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.signoff.match_review import MOST_HOUSEHOLDS, read_decisions, to_csv, to_html, write_review
from perio_pipeline.workplace import Workplace

COMMAND = "perio match --decide FILE"


def matches(*rows: dict[str, object]) -> Matches:
    full = [
        {
            "match": f"M{number}",
            "account": "main",
            "object": "contacts",
            "source_key": f"P{number}",
            "crm_id": f"5000000123{number}",
            "level": "likely",
            "reasons": "same name; birth date missing",
            "offered": True,
            "holds": True,
            **row,
        }
        for number, row in enumerate(rows, start=1)
    ]
    ann = {"first_name": ("Ann", "Annie"), "phone": ("+12125550101",), "street": ("1 Bay St\nApt 2",)}
    other = {"first_name": ("<b>ANN</b>",), "email": ("=cmd()",)}
    return Matches(typed_frame(MATCH_KINDS, full), {str(row["match"]): (ann, other) for row in full})


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_shows_both_sides_and_waits_for_a_decision() -> None:
    (line,) = lines(to_csv(matches({})))
    assert (line["decision"], line["match"], line["level"], line["panda_id"]) == ("", "M1", "likely", "P1")
    assert (line["panda_first_name"], line["crm_first_name"]) == ("Ann; Annie", "<b>ANN</b>")
    assert line["panda_street"] == "1 Bay St\nApt 2"
    assert (line["panda_phone"], line["crm_email"]) == ("'+12125550101", "'=cmd()"), "no spreadsheet runs them"


def test_the_surest_come_first_and_households_are_no_lines_to_decide() -> None:
    found = matches({"level": "possible"}, {"level": "certain"}, {"level": "household", "offered": False}, {})
    assert [line["level"] for line in lines(to_csv(found))] == ["certain", "likely", "possible"]
    page = to_html(found, "Gum Care", "highlevel", COMMAND)
    assert "Shared contact data only" in page
    assert page.index(">M2<") < page.index(">M4<") < page.index(">M1<") < page.index(">M3<")


def test_a_pair_that_holds_a_record_back_but_is_offered_to_another_is_not_shown() -> None:
    assert lines(to_csv(matches({"offered": False}))) == []


def test_the_page_needs_no_network_and_escapes_what_it_shows() -> None:
    page = to_html(matches({}), "Gum <Care>", "highlevel", COMMAND)
    assert "<b>ANN</b>" not in page
    assert "&lt;b&gt;ANN" in page
    assert "Gum &lt;Care&gt;" in page
    assert not any(word in page for word in ("http:", "https:", "src=", "<script", "@import"))
    assert "1 to decide" in page
    assert COMMAND in page


@pytest.mark.parametrize(
    ("panda", "crm", "shaded"),
    [
        (("+12125550101", "+12125550102"), ("+12125550102",), 0),
        (("+12125550101",), ("+12125550103",), 1),
        (("+12125550101",), (), 0),
        (("Ann",), ("ANN",), 0),
    ],
)
def test_what_is_shaded_is_said_by_both_and_otherwise(
    panda: tuple[str, ...], crm: tuple[str, ...], shaded: int
) -> None:
    one = matches({})
    texts = {"M1": ({"phone": panda}, {"phone": crm})}
    page = to_html(Matches(one.frame, texts), "Gum Care", "highlevel", COMMAND)
    assert page.count('class="differs"') == shaded


def test_decided_pairs_say_who_decided() -> None:
    found = matches({"decision": "link", "decided_by": "Dana Frost", "holds": False})
    page = to_html(found, "Gum Care", "highlevel", COMMAND)
    assert "link, said Dana Frost" in page
    assert "0 to decide" in page
    assert lines(to_csv(found))[0]["decision"] == "link"


def test_many_households_do_not_swamp_the_page() -> None:
    found = matches(*[{"level": "household", "offered": False}] * (MOST_HOUSEHOLDS + 5))
    assert "5 more are not shown" in to_html(found, "Gum Care", "highlevel", COMMAND)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_list_is_read_however_a_spreadsheet_saved_it(delimiter: str, start: str) -> None:
    header = delimiter.join(["decision", "match", "panda_street"])
    rows = [["LINK ", "M1", '"1 Bay St\nApt 2"'], ["separate", " M2", ""], ["", "M3", ""]]
    text = "\r\n".join([header, *(delimiter.join(row) for row in rows), ""])
    assert read_decisions(start + text) == {"M1": "link", "M2": "separate"}


def test_wrong_lines_are_named_all_at_once_and_their_words_are_not_repeated() -> None:
    text = "decision,match\nlink,M1\nmaybe Ann Gray,M2\nseparate,M1\nyes,M3\n"
    with pytest.raises(DecisionError) as error:
        read_decisions(text)
    assert "line 3 says neither link nor separate; line 4 contradicts an earlier one; line 5" in str(error.value)
    assert "Ann" not in str(error.value)


@pytest.mark.parametrize("text", ["", "name,phone\nAnn,1\n", "decision,match\n,M1\n"])
def test_a_file_without_decisions_is_refused(text: str) -> None:
    with pytest.raises(DecisionError, match="no decisions"):
        read_decisions(text)


def test_what_somebody_wrote_into_the_list_survives_a_new_one_and_others_cannot_read_it(tmp_path: Path) -> None:
    rooms = Workplace(tmp_path, tmp_path)
    practice = Practice.model_validate(
        {
            "practice": "harbor",
            "name": "Harbor",
            "time_zone": "America/New_York",
            "source": {"url": "sqlite://"},
            "destinations": {},
        }
    )
    page = write_review(rooms, practice, "highlevel", matches({}, {}, {}))
    path = page.with_suffix(".csv")
    text = path.read_text(encoding="utf-8").replace("\n,M1", "\nlink,M1").replace("\n,M2", "\nwho is this?,M2")
    path.write_text(text, encoding="utf-8", newline="")
    write_review(rooms, practice, "highlevel", matches({}, {}, {"decision": "separate"}))
    again = {line["match"]: line["decision"] for line in lines(path.read_text(encoding="utf-8"))}
    assert again == {"M1": "link", "M2": "who is this?", "M3": "separate"}
    assert {file.stat().st_mode & 0o777 for file in (page, path)} == {0o600}
