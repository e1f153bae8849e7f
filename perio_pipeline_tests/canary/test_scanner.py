"""The scanner finds a value in every form in which it could leak, and nothing where there is none."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from perio_pipeline_tests.canary.scanner import Scanner

VALUE = "Zyquobéka O'Hara"
SCANNER = Scanner({VALUE: "a name", "(907) 743-0012": "a phone"})

FORMS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in capitals": lambda value: value.replace("é", "E").upper().encode().replace(b"E", "é".encode(), 1),
    "in the code page": lambda value: value.encode("cp1252"),
    "in UTF-16": lambda value: value.encode("utf-16-le"),
    "the other way round": lambda value: value.encode("utf-16-be"),
    "in a URL": lambda value: quote(value).encode(),
    "in a form": lambda value: quote_plus(value).encode(),
    "as JSON": lambda value: json.dumps({"name": value}).encode(),
    "as hex": lambda value: value.encode().hex().encode(),
    "in base64": lambda value: base64.b64encode(value.encode()),
    "in URL-safe base64": lambda value: base64.urlsafe_b64encode(b"??>" + value.encode()),
    "packed": lambda value: zlib.compress(b"x" * 50 + value.encode()),
    "zipped": lambda value: gzip.compress(value.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_found_in_every_form(form: str) -> None:
    shown = FORMS[form](VALUE)
    packed = form in ("packed", "zipped")
    for before in (b"",) if packed else (b"", b"a", b"ab"):
        assert {hit.label for hit in SCANNER.bytes(before + shown, "here")} == {"a name"}, form


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_base64_is_found_at_each_alignment(before: str, after: str) -> None:
    code = base64.b64encode(f"{before}{VALUE}{after}".encode())
    assert SCANNER.bytes(b"token " + code, "here")


def test_nothing_is_found_where_nothing_is() -> None:
    assert SCANNER.bytes(b"Zyquob\xc3\xa9k O'Hara, (907) 743-0013" * 1000, "here") == set()


def test_a_hit_says_what_and_where_and_never_the_value(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_text(f"INFO loaded {VALUE}", encoding="utf-8")
    (hit,) = SCANNER.file(file)
    assert (hit.label, hit.form, hit.where) == ("a name", "text", str(file))


def test_a_files_name_is_looked_at_too(tmp_path: Path) -> None:
    file = tmp_path / f"{VALUE}.pdf"
    file.touch()
    assert SCANNER.file(file)


def test_rows_of_a_database_are_looked_at_even_where_pages_cut_them(tmp_path: Path) -> None:
    file = tmp_path / "runs.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("pragma page_size = 512")
        connection.execute("create table snapshots (body blob)")
        text = ("x" * 300 + VALUE) * 20
        connection.execute("insert into snapshots values (?)", [zlib.compress(VALUE.encode())])
        connection.execute("insert into snapshots values (?)", [text.encode()])
    assert "runs.db: snapshots.body, unpacked" in {hit.where for hit in SCANNER.file(file)}


def test_a_value_that_chance_could_write_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Scanner({"Ann": "a name"})
