"""Names are taken apart by vocabulary, in several languages and with their usual abbreviations."""

from __future__ import annotations

import pytest

from perio_pipeline.mapping.proposing.knowledge import code_words, tables
from perio_pipeline.mapping.proposing.names import concepts_of, name_fit
from perio_pipeline.mapping.proposing.words import vocabulary, words_of
from perio_pipeline.panda.profiling.shapes import is_npi, looks, shape_of
from perio_pipeline.panda.tables import TABLES


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("PtLName", ["pt", "l", "name"]),
        ("PTNTNBR", ["ptnt", "nbr"]),
        ("date_of_birth", ["date", "of", "birth"]),
        ("Geburtsdatum", ["geburts", "datum"]),
        ("PDFURCB", ["pd", "furc", "b"]),
        ("last_a1c_percent", ["last", "a1c", "percent"]),
    ],
)
def test_a_name_is_cut_where_its_words_meet(name: str, parts: list[str]) -> None:
    assert [word.text for word in words_of(name)] == parts


@pytest.mark.parametrize(
    ("table", "column", "canonical", "field"),
    [
        ("Patient", "PtLName", "patient", "last_name"),
        ("PTNTMST", "PTDOB", "patient", "birth_date"),
        ("Pacientes", "FechaNacimiento", "patient", "birth_date"),
        ("Patienten", "GebDatum", "patient", "birth_date"),
        ("tblDoctor", "strNPI", "provider", "npi"),
        ("Zahnstatus", "Lockerungsgrad", "perio_tooth", "mobility"),
        ("PDMEAS", "PDRECES{site}", "perio_site", "recession_mm"),
    ],
)
def test_the_field_that_is_meant_fits_best(table: str, column: str, canonical: str, field: str) -> None:
    fits = {name: name_fit(column, each.names, concepts_of(table)) for name, each in tables()[canonical].fields.items()}
    assert fits[field] >= 0.75
    assert fits[field] >= max(fits.values()) - 1e-9


def test_every_field_and_every_code_has_words() -> None:
    concepts = {concept for each in vocabulary().values() for concept in each}
    for name, table in TABLES.items():
        assert set(tables()[name].fields) == set(table.column_names)
        phrases = [*tables()[name].names, *(p for each in tables()[name].fields.values() for p in each.names)]
        assert {concept for phrase in phrases for concept in phrase} <= concepts
        assert {code for c in table.columns if c.name != "site" for code in c.choices} <= code_words().keys()


def test_a_shape_tells_how_a_value_is_written_and_nothing_of_it() -> None:
    assert shape_of("206-555-0143") == "9{3}-9{3}-9{4}"
    assert shape_of("WA 98101") == "A{2} 9{5}"
    assert shape_of("Quillfeather") == "A{1}a+"
    assert shape_of("a long remark about a patient in many words") == "text"


def test_an_npi_is_told_by_its_check_digit() -> None:
    assert is_npi("1234567893")
    assert not is_npi("1234567890")
    assert looks(["a@b.test", "c@d.test"])["email"] == 1
