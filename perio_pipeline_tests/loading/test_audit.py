"""P10: the audit log leaves the journal whole, and whoever changes one byte of it is found."""

from __future__ import annotations

import csv
import json
import re
import stat
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.crm.protocol import Ref
from perio_pipeline.errors import PerioError
from perio_pipeline.loading import audit
from perio_pipeline.loading.audit import Problem, Verified
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.chain import HeadError
from perio_pipeline.loading.entries import CHAIN_START, Intent, Result, Scope
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.sealing import Seal
from perio_pipeline_tests.loading.small_load import RUN, entries, journal_in, scope

SECRET = "Pemphigoid-Schmidt-Ruiz"
NASTY = '=2+2, "quoted"\n\\ back\tslash 🦷, line'
WHERE = Ref("contacts", "C1")
ELSEWHERE = Scope("harbor", "other", "main", "contacts")
FORMS = pytest.mark.parametrize("form", list(Format))


def fill(journal: Journal) -> None:
    """Eight entries of one practice, two of them of another destination, and one of another practice."""
    journal.append(scope(), RUN, [Intent("P1", "create", "f1"), Result("P1", "create", "f1", "done", WHERE)])
    journal.append(scope(practice="elm"), RUN, [Intent("P1", "create", "f1")])
    journal.append(ELSEWHERE, RUN, [Intent("P7", "create", "f7"), Result("P7", "create", "f7", "done", WHERE)])
    journal.append(scope(), RUN, [Intent("P1", "update", "f2", WHERE, {"firstName": SECRET})])
    journal.append(scope(), RUN, [Result("P1", "update", "f2", "refused", WHERE, "http_422", NASTY, "t-1")])
    journal.append(scope("notes"), RUN, [Intent("N1", "create", "f3"), Result("N1", "create", "f3", "unknown")])


def exported(folder: Path, form: Format, destination: str | None = None) -> Path:
    with journal_in(folder) as journal:
        fill(journal)
        return audit.export(journal, "harbor", destination, folder / "out", form)


def key(folder: Path) -> Seal:
    return Seal((folder / "journal.key").read_bytes())


@FORMS
@pytest.mark.usefixtures("journal_backend")
def test_an_exported_log_holds_every_entry_of_the_practice_and_no_value(tmp_path: Path, form: Format) -> None:
    path = exported(tmp_path, form)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    text = path.read_text(encoding="utf-8")
    assert SECRET not in text
    found = audit.verify_file(path)
    rows = [row for row in entries(tmp_path) if row["practice"] == "harbor"]
    assert (found.practice, found.entries, found.shown, found.problems, found.sealed) == ("harbor", 8, 8, [], False)
    assert found.last_hash == rows[-1]["hash"]
    sealed = [row["values_before"].hex() for row in rows if row["values_before"]]
    assert [part in text for part in sealed] == [True]
    assert audit.verify_file(path, key(tmp_path)).problems == []


def test_json_lines_are_read_by_any_program(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in exported(tmp_path, Format.JSONL).read_text(encoding="utf-8").splitlines()]
    assert {name: lines[0][name] for name in ("audit", "practice", "entries", "shown")} == {
        "audit": 1, "practice": "harbor", "entries": 8, "shown": 8,
    }  # fmt: skip
    assert [line["number"] for line in lines[1:]] == list(range(1, 9))
    assert (lines[6]["actor"], lines[6]["operation"], lines[6]["reason"]) == ("jo", "update", NASTY)


def test_csv_is_read_by_any_program_and_computes_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    with exported(tmp_path, Format.CSV).open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head[:4] == ["audit", "1", "practice", "harbor"]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [(row["number"], row["kind"], row["source_key"]) for row in table[:2]] == [
        ("1", "intent", "P1"),
        ("2", "result", "P1"),
    ]
    reason = table[5]["reason"]
    assert not reason.startswith("=")
    assert json.loads('"' + reason.replace('"', '\\"') + '"') == NASTY


@FORMS
@pytest.mark.usefixtures("journal_backend")
def test_one_destinations_log_is_verified_without_showing_the_others(tmp_path: Path, form: Format) -> None:
    path = exported(tmp_path, form, "test")
    text = path.read_text(encoding="utf-8")
    assert '"P7"' not in text
    assert "other" not in text
    found = audit.verify_file(path, key(tmp_path))
    assert (found.entries, found.shown, found.problems) == (8, 6, [])


@FORMS
def test_an_entry_that_is_hidden_behind_its_hashes_is_missed(tmp_path: Path, form: Format) -> None:
    path = exported(tmp_path, form, "test")
    lines = path.read_bytes().split(b"\n")
    place = 1 if form is Format.JSONL else 2
    if form is Format.JSONL:
        content = json.loads(lines[place])
        lines[place] = json.dumps({name: content[name] for name in audit.HASHES}, separators=(",", ":")).encode()
    else:
        cells = lines[place].split(b",")
        lines[place] = b",".join([cells[0], *[b""] * (len(cells) - 3), *cells[-2:]])
    path.write_bytes(b"\n".join(lines))
    assert [problem.what for problem in audit.verify_file(path).problems] == [
        "is the end: 5 entries are shown, and 6 in the head"
    ]


@FORMS
def test_hidden_entries_at_the_end_cannot_be_cut_off_or_changed(tmp_path: Path, form: Format) -> None:
    path = exported(tmp_path, form, "other")
    content = path.read_bytes()
    whole = content.splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-1]))
    assert [problem.place for problem in audit.verify_file(path).problems] == [len(whole)]
    last = re.findall(rb"[0-9a-f]{64}", whole[-1])[-1]
    path.write_bytes(b"".join([*whole[:-1], whole[-1].replace(last, b"0" * 64)]))
    assert [problem.place for problem in audit.verify_file(path).problems] == [len(whole) + 1]


@FORMS
def test_a_log_nobody_wrote_to_is_empty_and_sound(tmp_path: Path, form: Format) -> None:
    with journal_in(tmp_path) as journal:
        path = audit.export(journal, "harbor", None, tmp_path, form)
        assert audit.verify_journal(journal, "harbor").problems == []
    found = audit.verify_file(path)
    assert (found.entries, found.last_hash, found.problems) == (0, CHAIN_START, [])


Lines = list[bytes]
TAMPERING: dict[str, tuple[Callable[[Lines], Lines], int]] = {
    "first line removed": (lambda lines: lines[1:], 1),
    "middle line removed": (lambda lines: lines[:3] + lines[4:], 4),
    "last line removed": (lambda lines: lines[:-1], 8),
    "last two removed": (lambda lines: lines[:-2], 7),
    "all removed": (lambda lines: [], 1),
    "two swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4),
    "first two swapped": (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
    "last one twice": (lambda lines: [*lines, lines[-1]], 9),
    "middle one twice": (lambda lines: [*lines[:4], lines[3], *lines[4:]], 5),
    "one added": (lambda lines: [*lines[:4], lines[3].replace(b"P", b"Q"), *lines[4:]], 5),
    "a field changed": (lambda lines: [*lines[:4], lines[4].replace(b'"f2"', b'"f8"'), *lines[5:]], 5),
    "an actor changed": (lambda lines: [*lines[:7], lines[7].replace(b'"jo"', b'"al"')], 8),
    "cut in a line": (lambda lines: [*lines[:5], lines[5][:40]], 6),
    "cut before the last line feed": (lambda lines: [*lines[:7], lines[7][:-1]], 8),
    "an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3),
    "no text": (lambda lines: [*lines[:2], b"\xff\xfe\n", *lines[3:]], 3),
}


@FORMS
@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_with_lines_is_found_where_it_was_done(tmp_path: Path, form: Format, name: str) -> None:
    tamper, line = TAMPERING[name]
    path = exported(tmp_path, form)
    opening = 1 if form is Format.JSONL else 2
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:opening] + tamper(lines[opening:])))
    assert path.read_bytes() != b"".join(lines)
    assert audit.verify_file(path).problems[0].place == opening + line


@pytest.fixture(scope="module", params=list(Format))
def a_log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return exported(tmp_path_factory.mktemp("log"), request.param, "test").read_bytes()


def verified(content: bytes) -> Verified:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return audit.verify_file(Path(file.name))


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_single_change_of_any_byte_is_found(a_log: bytes, data: st.DataObject) -> None:
    assert verified(a_log).problems == []
    place = data.draw(st.integers(0, len(a_log) - 1))
    new = data.draw(st.binary(max_size=2).filter(lambda new: new != a_log[place : place + 1]))
    changed = a_log[:place] + new + a_log[place + 1 :]
    if changed != a_log:
        assert verified(changed).problems


@pytest.mark.slow
def test_every_byte_counts(a_log: bytes) -> None:
    for place, old in enumerate(a_log):
        for new in (b"", bytes([old ^ 1]), bytes([old ^ 32])):
            assert verified(a_log[:place] + new + a_log[place + 1 :]).problems, (place, new)


@given(st.text(), st.text(), st.sampled_from(["", "=", "+1", "-", "@x", "\\", '"', '\\"', "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_whatever_a_reason_says_the_log_is_exported_and_verified(reason: str, trace: str, start: str) -> None:
    trace = trace.replace("\0", "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with journal_in(folder) as journal:
            journal.append(scope(), RUN, [Result("P1", "create", "", "refused", None, "", start + reason, trace)])
            for form in Format:
                found = audit.verify_file(audit.export(journal, "harbor", None, folder, form), journal.seal)
                assert (found.entries, found.problems) == (1, [])


@FORMS
def test_a_log_written_anew_as_a_whole_is_told_by_who_has_the_key(tmp_path: Path, form: Format) -> None:
    path = exported(tmp_path, form)
    forger = tmp_path / "forger"
    with journal_in(forger) as journal:
        journal.append(scope(), RUN, [Intent("P1", "create", "f1")])
        forged = audit.export(journal, "harbor", None, forger, form)
    assert audit.verify_file(forged).problems == []
    assert audit.verify_file(forged, key(tmp_path)).problems == [
        Problem(1, "is forged, or was sealed with another key")
    ]
    assert audit.verify_file(path, key(tmp_path)).sealed


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"number,practice\n1,harbor\n", b"\x00\xff" * 1000])
def test_what_is_no_log_is_no_log(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert audit.verify_file(path).problems[0] == Problem(1, "is no head as it was exported")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PerioError, match="nothing"):
        audit.verify_file(tmp_path / "nothing.jsonl")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(PerioError, match="cannot be written"):
        exported(tmp_path, Format.CSV)


FORGED = {
    "changed": ("UPDATE entry SET actor = 'al' WHERE number = 2", [2]),
    "first removed": ("DELETE FROM entry WHERE number = 1", [2, 9]),
    "middle removed": ("DELETE FROM entry WHERE number = 5", [6, 9]),
    "last removed": ("DELETE FROM entry WHERE number = 9", [8]),
    "all removed": ("DELETE FROM entry", [0]),
    "moved": ("UPDATE entry SET number = 99 WHERE number = 4", [5, 99, 99]),
    "head removed": ("DELETE FROM head", [0]),
    "head changed": ("UPDATE head SET entries = 7", [0]),
}


@pytest.mark.usefixtures("journal_backend")
@pytest.mark.parametrize("name", FORGED)
def test_tampering_with_the_journal_is_found(tmp_path: Path, name: str) -> None:
    statement, places = FORGED[name]
    with journal_in(tmp_path) as journal:
        fill(journal)
        assert audit.verify_journal(journal, "harbor").problems == []
        with journal.engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert [problem.place for problem in audit.verify_journal(journal, "harbor").problems] == places


@pytest.mark.usefixtures("journal_backend")
def test_a_journal_continues_its_exports_and_one_put_back_to_an_earlier_state_does_not(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        fill(journal)
        with journal.engine.begin() as connection:
            old = connection.exec_driver_sql("SELECT entries, last_hash, seal FROM head WHERE practice='harbor'").one()
        first = audit.verify_file(audit.export(journal, "harbor", None, tmp_path, Format.CSV)).head
        journal.append(scope(), RUN, [Intent("P9", "create", "f")])
        second = audit.verify_file(audit.export(journal, "harbor", "test", tmp_path, Format.JSONL)).head
        assert [audit.verify_journal(journal, "harbor", file).problems for file in (first, second)] == [[], []]
        with journal.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM entry WHERE source_key = 'P9'")
            state = f"entries={old.entries}, last_hash='{old.last_hash}', seal='{old.seal}'"
            connection.exec_driver_sql(f"UPDATE head SET {state} WHERE practice='harbor'")
        assert audit.verify_journal(journal, "harbor").problems == []
        assert audit.verify_journal(journal, "harbor", first).problems == []
        (problem,) = audit.verify_journal(journal, "harbor", second).problems
        assert "entry 9 is not the last one of the exported file" in problem.what


def test_a_head_that_was_changed_is_not_exported(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        fill(journal)
        with journal.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE head SET entries = 3")
        with pytest.raises(HeadError):
            audit.export(journal, "harbor", None, tmp_path / "out", Format.CSV)
    assert not (tmp_path / "out").exists()


def test_what_is_written_while_a_log_is_exported_comes_in_the_next_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with journal_in(tmp_path) as journal:
        fill(journal)

        def interrupted(rows: object, count: int) -> object:
            journal.append(scope(), RUN, [Intent("P9", "create", "f")])
            return islice(rows, count)  # type: ignore[call-overload]

        with monkeypatch.context() as patch:
            patch.setattr(audit, "islice", interrupted)
            path = audit.export(journal, "harbor", "test", tmp_path, Format.JSONL)
        assert (audit.verify_file(path).entries, audit.verify_file(path).problems) == (8, [])
        assert audit.verify_journal(journal, "harbor", audit.verify_file(path).head).entries == 9


def test_another_key_is_told(tmp_path: Path) -> None:
    exported(tmp_path, Format.CSV)
    (tmp_path / "journal.key").unlink()
    with journal_in(tmp_path) as journal:
        (problem,) = audit.verify_journal(journal, "harbor").problems
    assert "another key" in problem.what


def test_a_journal_opened_at_a_url_is_exported_alike(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, f"sqlite:///{tmp_path}/other.db")
    try:
        fill(journal)
        assert audit.verify_file(audit.export(journal, "harbor", None, tmp_path, Format.CSV)).entries == 8
    finally:
        journal.close()
