"""Every mistake in a YAML file names the file, the line, the entry and what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.errors import MappingError
from perio_pipeline.yamlfile import Entry, YamlFile, digest


class Tooth(Entry):
    number: int
    surfaces: tuple[str, ...] = ()


class Chart(Entry):
    examiner: str
    teeth: dict[str, Tooth]
    remarks: tuple[Tooth, ...] = ()


GOOD = """\
# a chart
examiner: Gum
teeth:
  upper:
    number: 3
    surfaces: [MB, B]
remarks:
  - number: 4
  - {number: 5}
"""


def mistake(tmp_path: Path, text: str) -> MappingError:
    path = tmp_path / "chart.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingError) as error:
        YamlFile(path).parse(Chart)
    assert str(error.value).startswith(f"{path}:{error.value.line}: {error.value.entry}: ")
    return error.value


def test_a_right_file_is_its_model(tmp_path: Path) -> None:
    path = tmp_path / "chart.yaml"
    path.write_text(GOOD, encoding="utf-8")
    chart = YamlFile(path).parse(Chart)
    assert chart.teeth["upper"] == Tooth(number=3, surfaces=("MB", "B"))
    assert [tooth.number for tooth in chart.remarks] == [4, 5]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (("examiner",), 2),
        (("teeth", "upper", "number"), 5),
        (("teeth", "upper", "surfaces", 1), 6),
        (("remarks", 1, "number"), 9),
        (("teeth", "lower", "number"), 3),
        (("remarks", 7), 7),
        ((), 1),
    ],
)
def test_an_entry_stands_on_a_line_and_a_missing_one_on_that_of_its_parent(
    tmp_path: Path, entry: tuple[Any, ...], line: int
) -> None:
    path = tmp_path / "chart.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert YamlFile(path).line(entry) == line


@pytest.mark.parametrize(
    ("change", "line", "entry", "problem", "remedy"),
    [
        (("surfaces:", "surfases:"), 6, "teeth.upper.surfases", "not known", "Did you mean `surfaces`?"),
        (("number: 3", "nummer: 3"), 5, "teeth.upper.nummer", "not known", "Did you mean `number`? (1 more after it.)"),
        (("number: 3", "qqq: 3"), 5, "teeth.upper.qqq", "not known", "Remove it."),
        (("examiner: Gum\n", ""), 1, "examiner", "it is missing", "Add `examiner`."),
        (("  - number: 4", "  - surfaces: [B]"), 8, "remarks.0.number", "it is missing", "Add `number`."),
        (("{number: 5}", "{number: five}"), 9, "remarks.1.number", "valid integer", "Correct the value."),
        (("examiner: Gum", "examiner: Gum\nexaminer: Tooth"), 3, "file", "duplicate key", "Mend this line."),
        (("[MB, B]", "[MB, B"), 7, "file", "not YAML", "Mend this line."),
        (("Gum", "G\x07m"), 1, "file", "no YAML file may hold", "Save it as UTF-8 text."),
        ((GOOD, "- number: 3\n"), 1, "file", "valid dictionary", "Correct the value."),
        ((GOOD, ""), 1, "file", "valid dictionary", "Correct the value."),
        ((GOOD, "just text"), 1, "file", "valid dictionary", "Correct the value."),
    ],
)
def test_a_mistake_says_where_it_is_and_what_would_be_right(
    tmp_path: Path, change: tuple[str, str], line: int, entry: str, problem: str, remedy: str
) -> None:
    error = mistake(tmp_path, GOOD.replace(*change, 1))
    assert (error.line, error.entry) == (line, entry)
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_file_that_is_no_text_or_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "chart.yaml"
    with pytest.raises(MappingError, match=r"chart\.yaml:1: file: it does not exist"):
        YamlFile(path)
    path.write_bytes(b"examiner: \xff\xfe")
    with pytest.raises(MappingError, match=r"Save it as UTF-8 text"):
        YamlFile(path)


def test_p3_the_digest_is_that_of_the_content() -> None:
    one = Chart(examiner="Gum", teeth={"a": Tooth(number=1), "b": Tooth(number=2)})
    turned = Chart(teeth={"b": Tooth(number=2), "a": Tooth(number=1)}, examiner="Gum")
    assert digest(one) == digest(turned)
    assert digest(one) != digest(one.model_copy(update={"examiner": "Tooth"}))
    assert len(digest(one)) == 64
