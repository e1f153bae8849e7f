"""P1: SNAPSHOT where a table's databases allow it, and the columns of the table that the server means."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import ProgrammingError

from perio_pipeline.panda.isolation import COMMITTED, SNAPSHOT, Isolation, isolate
from perio_pipeline.panda.stored_columns import stored_columns
from perio_pipeline.panda.stored_types import StoredType


class Server:
    """Records what it is asked, and gives one answer."""

    def __init__(self, answer: Any, dialect: str = "mssql") -> None:
        self.answer, self.said = answer, list[str]()
        self.dialect = SimpleNamespace(name=dialect)

    def execute(self, query: Any) -> Any:
        self.said.append(" ".join(str(query.compile(dialect=mssql.dialect())).split())[:6])
        if isinstance(self.answer, Exception):
            raise self.answer
        return SimpleNamespace(scalar_one=lambda: self.answer, all=lambda: self.answer)

    def exec_driver_sql(self, statement: str) -> None:
        self.said.append(statement)

    def rollback(self) -> None:
        self.said.append("rollback")

    def commit(self) -> None:
        self.said.append("commit")


@pytest.mark.parametrize(
    ("answer", "isolation", "level"),
    [
        (0, Isolation.SNAPSHOT, SNAPSHOT),
        (1, Isolation.COMMITTED, COMMITTED),
        (None, Isolation.COMMITTED, COMMITTED),  # the login does not see its own database there
        (ProgrammingError("", {}, Exception("no such view")), Isolation.COMMITTED, COMMITTED),
    ],
)
def test_snapshot_where_it_is_allowed_and_set_outside_of_a_transaction(
    answer: object, isolation: Isolation, level: str
) -> None:
    server = Server(answer)
    assert isolate(server, ["dbo.Patient"]) is isolation  # type: ignore[arg-type]
    assert server.said == ["SELECT", "rollback", level, "commit"]


def test_a_file_needs_no_isolation() -> None:
    server = Server(0, "sqlite")
    assert isolate(server, ["Patient"]) is Isolation.FILE  # type: ignore[arg-type]
    assert server.said == []


def test_a_table_in_the_login_s_own_schema_comes_before_that_of_dbo() -> None:
    server = Server([(1, "Other", "int", None), (0, "patid", "NVARCHAR", 9), (0, "Born", "date", None)])
    assert stored_columns(server, "Patient") == {  # type: ignore[arg-type]
        "patid": StoredType("nvarchar", 9, "patid"),
        "born": StoredType("date", None, "Born"),
    }
    assert stored_columns(Server([(1, "Other", "int", None)]), "Patient") == {  # type: ignore[arg-type]
        "other": StoredType("int", None, "Other")
    }
    assert stored_columns(Server([]), "Patient") == {}  # type: ignore[arg-type]
