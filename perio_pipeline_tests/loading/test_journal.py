"""The journal: what it knows, what it hides, and that nobody can change it unseen."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from perio_pipeline.crm.protocol import Ref, RequestStats
from perio_pipeline.errors import JournalError, SettingsError
from perio_pipeline.loading import database
from perio_pipeline.loading.chain import read_head
from perio_pipeline.loading.database import alone
from perio_pipeline.loading.entries import CHAIN_START, Intent, Known, Result, RunInfo
from perio_pipeline.loading.sealing import KEY_VARIABLE
from perio_pipeline.loading.tables import ENTRY
from perio_pipeline.loading.traffic import Costs
from perio_pipeline_tests.loading.small_load import RUN, chain_holds, entries, journal_in, scope, stored, values_before

pytestmark = pytest.mark.usefixtures("journal_backend")

WHERE = Ref("contacts", "C1", "parent")
CREATE = Intent("P1", "create", "f1")
CREATED = Result("P1", "create", "f1", "done", WHERE)


@pytest.fixture(autouse=True)
def _no_key_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


def known_after(folder: Path, *items: Intent | Result) -> Known:
    with journal_in(folder) as journal:
        for item in items:
            journal.append(scope(), RUN, [item])
        return journal.known(scope())["P1"]


def test_p6_an_intent_without_a_result_stays_open(tmp_path: Path) -> None:
    known = known_after(tmp_path, CREATE)
    assert (known.state, known.intended, known.fingerprint, known.ref("contacts")) == ("intended", "f1", None, None)


def test_p6_an_unknown_result_keeps_the_intent_open(tmp_path: Path) -> None:
    known = known_after(tmp_path, CREATE, Result("P1", "create", "f1", "unknown", code="timeout", reason="no answer"))
    assert (known.state, known.intended, known.crm_id) == ("intended", "f1", None)
    assert (known.code, known.reason) == ("timeout", "no answer")


def test_a_done_create_is_ours_and_known_with_its_place(tmp_path: Path) -> None:
    known = known_after(tmp_path, CREATE, CREATED)
    assert (known.state, known.fingerprint, known.intended, known.created_by_us) == ("done", "f1", None, True)
    assert known.ref("contacts") == WHERE


def test_a_refused_create_leaves_nothing_behind(tmp_path: Path) -> None:
    known = known_after(tmp_path, CREATE, Result("P1", "create", "f1", "refused", code="http_422", reason="no"))
    assert (known.state, known.crm_id, known.intended, known.created_by_us) == ("refused", None, None, False)


@pytest.mark.parametrize(("status", "holds"), [("done", "f2"), ("refused", "f1"), ("unknown", "f1")])
def test_p9_an_update_keeps_the_place_and_that_the_record_is_ours(tmp_path: Path, status: str, holds: str) -> None:
    update = [Intent("P1", "update", "f2", WHERE, {"name": "old"}), Result("P1", "update", "f2", status)]
    known = known_after(tmp_path, CREATE, CREATED, *update)
    assert (known.created_by_us, known.ref("contacts"), known.fingerprint) == (True, WHERE, holds)


def test_an_updated_record_that_we_did_not_create_is_not_ours(tmp_path: Path) -> None:
    known = known_after(tmp_path, Intent("P1", "update", "f2", WHERE), Result("P1", "update", "f2", "done", WHERE))
    assert not known.created_by_us


def test_practices_accounts_and_objects_do_not_see_each_other(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [CREATE, CREATED])
        others = [scope(practice="elm"), scope(account="south"), scope("notes")]
        assert [journal.known(other) for other in others] == [{}, {}, {}]
        journal.append(scope(practice="elm"), RUN, [Intent("P1", "create", "other")])
        assert journal.known(scope())["P1"].fingerprint == "f1"
    starts = [row["practice"] for row in entries(tmp_path) if row["previous_hash"] == CHAIN_START]
    assert starts == ["harbor", "elm"]


def test_a_long_reason_is_cut_and_nothing_is_nothing(tmp_path: Path) -> None:
    assert len(known_after(tmp_path, Result("P1", "create", "f1", "refused", reason="x" * 900)).reason) == 400
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [])
    assert len(entries(tmp_path)) == 1


def test_texts_of_any_length_are_kept_and_a_reason_is_cut_by_characters(tmp_path: Path) -> None:
    key, crm_id, code, trace, parent = "k" * 2000, "i" * 300, "c" * 300, "t" * 900, "p" * 300
    refused = Result(key, "create", "f1", "refused", Ref("contacts", crm_id, parent), code, "\0🦷ä" * 300, trace)
    who = RunInfo("r" * 300, "full", "a" * 300)
    with journal_in(tmp_path) as journal:
        journal.append(scope(account="x" * 200), who, [refused])
        (known,) = journal.known(scope(account="x" * 200)).values()
    (row,) = entries(tmp_path)
    kept = [row[name] for name in ("source_key", "crm_id", "parent_id", "code", "trace_id", "run", "actor")]
    assert kept == [key, crm_id, parent, code, trace, who.run, who.actor]
    assert (row["reason"], known.reason) == ((" 🦷ä" * 300)[:400],) * 2
    assert chain_holds([row])


def test_a_journal_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [CREATE, CREATED])
        journal.append(scope(practice="elm"), RUN, [CREATE])
        with journal.engine.begin() as connection:
            for table in ("head", "holder"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql("ALTER TABLE record DROP COLUMN held")
    with journal_in(tmp_path) as journal:
        assert journal.known(scope())["P1"].held is None
        journal.append(scope(), RUN, [Intent("P2", "create", "f")])
        with journal.engine.connect() as connection:
            heads = [read_head(connection, practice, journal.seal) for practice in ("harbor", "elm", "new")]
    rows = entries(tmp_path)
    assert [(head.entries, head.taken_over) for head in heads] == [(3, 2), (1, 1), (0, 0)]
    assert [head.last_hash for head in heads] == [rows[3]["hash"], rows[2]["hash"], CHAIN_START]
    assert chain_holds([row for row in rows if row["practice"] == "harbor"])


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM head",
        "UPDATE head SET entries = entries - 1",
        "UPDATE head SET taken_over = 1",
        "UPDATE head SET last_hash = (SELECT hash FROM entry WHERE number = 1), entries = 1",
    ],
)
def test_p10_a_head_that_was_changed_by_others_is_written_to_no_more(tmp_path: Path, tampering: str) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [CREATE, CREATED])
        with journal.engine.begin() as connection:
            connection.exec_driver_sql(tampering)
        with pytest.raises(JournalError, match="audit log of practice harbor"):
            journal.append(scope(), RUN, [Intent("P2", "create", "f")])
        journal.append(scope(practice="elm"), RUN, [CREATE])
    assert [row["practice"] for row in entries(tmp_path)] == ["harbor", "harbor", "elm"]


def test_a_writer_who_waits_in_vain_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 1)
    with journal_in(tmp_path) as journal, journal.engine.begin() as connection:
        alone(connection, scope().practice)
        with pytest.raises(JournalError, match="kept it busy"):
            journal.append(scope(), RUN, [CREATE])


SECRET = "Pemphigoid-Schmidt-Ruiz"


def test_values_before_are_sealed_and_come_back_with_the_key(tmp_path: Path) -> None:
    before = {"firstName": SECRET, "Depth": 3.5, "tags": ("a", "b"), "gone": None}
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [Intent("P1", "update", "f2", WHERE, before)])
        while_open = stored(tmp_path)
    assert b"P1" in while_open
    assert SECRET.encode() not in while_open + stored(tmp_path)
    assert values_before(tmp_path) == [{**before, "tags": ["a", "b"]}]


@pytest.mark.parametrize("column", [name for name in ENTRY.c.keys() if name not in ("number", "hash")])  # noqa: SIM118
def test_p10_changing_any_column_of_any_row_breaks_the_chain(tmp_path: Path, column: str) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [CREATE, Intent("P2", "create", "f9")])
        journal.append(scope("notes"), RUN, [CREATED])
        journal.append(scope(), RUN, [Intent("P1", "update", "f2", WHERE, {"name": "old"})])
    rows = entries(tmp_path)
    assert chain_holds(rows)
    for changed in rows:
        old = changed[column]
        changed[column] = b"forged" if column == "values_before" else "forged"
        assert not chain_holds(rows)
        changed[column] = old
    assert not chain_holds(rows[1:])
    assert not chain_holds([rows[0], *rows[2:]])
    assert not chain_holds([rows[1], rows[0], *rows[2:]])


def test_p10_an_entry_says_who_and_when(tmp_path: Path) -> None:
    known_after(tmp_path, CREATE)
    (row,) = entries(tmp_path)
    assert (row["actor"], row["run"], row["load_pass"], row["kind"]) == ("jo", "run-1", "full", "intent")
    assert row["at"].endswith("+00:00")


def test_traffic_is_that_of_the_last_run_of_each_object(tmp_path: Path) -> None:
    first, second = RunInfo("run-1", "full", "jo"), RunInfo("run-2", "full", "jo")
    with journal_in(tmp_path) as journal:
        journal.record_traffic(scope(), first, "load", RequestStats(100, 90, 1))
        journal.record_traffic(scope("notes"), first, "load", RequestStats(7, 6, 0))
        journal.record_traffic(scope(), second, "load", RequestStats(5, 0, 0))
        journal.record_traffic(scope(account="south"), second, "load", RequestStats(3, 1, 2))
        journal.record_traffic(scope(), second, "readback", RequestStats(2, 0, 0))
        journal.record_traffic(scope(practice="elm"), second, "load", RequestStats(50, 50, 50))
        assert journal.traffic("harbor", "test") == {"contacts": RequestStats(10, 1, 2), "notes": RequestStats(7, 6, 0)}
        assert journal.traffic("nobody", "test") == {}


def test_costs_are_those_of_the_latest_load_that_wrote_and_of_the_latest_read_back(tmp_path: Path) -> None:
    first, second = RunInfo("run-1", "full", "jo"), RunInfo("run-2", "full", "jo")
    with journal_in(tmp_path) as journal:
        for key, status in (("a", "unknown"), ("a", "done"), ("b", "done"), ("c", "refused")):
            journal.append(scope(), first, [Result(key, "create", "f", status)])
        journal.append(scope(account="south"), first, [Result("a", "update", "f", "done")])
        journal.record_traffic(scope(), first, "load", RequestStats(11, 4, 0))
        journal.record_traffic(scope(account="south"), first, "load", RequestStats(4, 1, 0))
        journal.record_traffic(scope(), first, "readback", RequestStats(3, 0, 0))
        journal.record_traffic(scope(), second, "load", RequestStats(1, 0, 0))
        journal.record_traffic(scope(), second, "readback", RequestStats(2, 0, 0))
        journal.record_traffic(scope("notes"), second, "readback", RequestStats(7, 0, 0))
        assert journal.costs("harbor", "test") == {"contacts": Costs(15, 3, 2), "notes": Costs(0, 0, 7)}
        assert journal.costs("nobody", "test") == {}


def test_the_key_file_is_its_owners_only_and_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with journal_in(folder):
        pass
    key = (folder / "journal.key").read_bytes()
    assert stat.S_IMODE((folder / "journal.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with journal_in(folder):
        pass
    assert (folder / "journal.key").read_bytes() == key


@pytest.mark.parametrize("key", ["short", "é" * 44, " ", "!" * 44])
def test_a_bad_key_is_one_clear_error_that_does_not_show_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(SettingsError, match=f"^{KEY_VARIABLE} is no Fernet key") as error, journal_in(tmp_path):
        pass
    assert key == " " or key not in str(error.value)


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.key").write_text("rubbish")
    with pytest.raises(SettingsError, match=r"journal\.key is no Fernet key"), journal_in(tmp_path):
        pass


def test_what_is_appended_together_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    bad = Result("P2", "create", "f1", "done", trace_id=None)  # type: ignore[arg-type]
    with journal_in(tmp_path) as journal:
        with pytest.raises(sa.exc.IntegrityError):
            journal.append(scope(), RUN, [CREATE, bad])
        assert journal.known(scope()) == {}
    assert entries(tmp_path) == []


def test_p9_what_an_update_replaced_can_be_read_again_in_order(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [CREATE])
        journal.append(scope(), RUN, [CREATED])
        journal.append(scope(), RUN, [Intent("P1", "update", "f2", WHERE, {"city": "Bergen"})])
        log = list(journal.entries(scope().practice, scope().destination))
        assert [(entry.kind, entry.operation, entry.scope) for entry in log] == [
            ("intent", "create", scope()),
            ("result", "create", scope()),
            ("intent", "update", scope()),
        ]
        assert [journal.values_before(entry) for entry in log] == [None, None, {"city": "Bergen"}]


def test_p9_values_sealed_with_another_key_are_told_apart(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.append(scope(), RUN, [Intent("P1", "update", "f2", WHERE, {"city": "Bergen"})])
    (tmp_path / "journal.key").unlink()
    with journal_in(tmp_path) as journal, pytest.raises(SettingsError, match="another key"):
        journal.values_before(next(journal.entries(scope().practice)))
