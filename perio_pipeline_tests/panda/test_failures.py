"""P1: errors of SQL Server by their numbers, as pyodbc gives them; its texts are never repeated."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from perio_pipeline.panda.failures import explained, passes

SECRET = "Ann Smith (555) 010-1205"


def error(state: str, number: int, text: str = SECRET, *, cut: bool = False) -> DBAPIError:
    message = f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text} ({number}) (SQLExecDirectW)"
    return DBAPIError("select 'secret'", {"p": SECRET}, Exception(state, message), connection_invalidated=cut)


@pytest.mark.parametrize(
    ("state", "number", "again", "cause"),
    [
        ("40001", 1205, True, "others hold locks"),
        ("42000", 1222, True, "others hold locks"),
        ("HY000", 601, True, "changed too much"),
        ("42000", 3960, True, "changed too much"),
        ("42000", 3952, False, "changed too much"),
        ("08S01", 10054, True, "the connection was cut"),
        ("08S01", 0, True, "the connection was cut"),
        ("08001", 10061, True, "does not answer"),
        ("HYT00", 0, True, "does not answer"),
        ("42000", 229, False, "the login may not read it"),
        ("42000", 230, False, "the login may not read it"),
        ("42S02", 208, False, "it is not there"),
        ("42S22", 207, False, "a column that is bound is not there"),
        ("22018", 245, False, "of a type that cannot be read"),
        ("HY106", 0, False, "of a type that cannot be read"),
        ("28000", 18456, False, "the login was refused"),
        ("42000", 4060, False, "may not open this database"),
        ("IM002", 0, False, "the ODBC driver cannot be loaded"),
        ("42000", 50000, False, "the database refused"),
    ],
)
def test_each_error_has_a_cause_and_something_to_do(state: str, number: int, again: bool, cause: str) -> None:
    found = explained(error(state, number), "Table dbo.Patient")
    assert passes(error(state, number)) == again
    assert found.problem.startswith("Table dbo.Patient cannot be read: ")
    assert cause in found.problem
    assert state in found.problem
    assert not number or str(number) in found.problem
    assert found.remedy
    assert "Ann" not in str(found)
    assert "555" not in str(found)
    assert "secret" not in str(found)


def test_numbers_in_values_are_not_taken_for_the_error_s() -> None:
    assert not passes(error("23000", 2627, "the duplicate key value is (1205)"))
    assert passes(error("HY000", 0, "whatever", cut=True))
    assert passes(error("HY000", 0, "Protocol error in TDS stream"))


def test_a_certificate_and_a_missing_library_are_recognized() -> None:
    untrusted = error("08001", 0, "SSL Provider: certificate verify failed: self-signed certificate")
    assert "certificate was not accepted" in explained(untrusted, "It").problem
    missing = error("01000", 0, "Can't open lib 'none' : file not found")
    assert "driver cannot be loaded" in explained(missing, "It").problem


def test_an_error_without_a_state_is_explained_too() -> None:
    found = explained(DBAPIError("x", None, Exception("no such table: Smith")), "The database")
    assert found.problem == "The database cannot be read: the database refused (Exception)."
