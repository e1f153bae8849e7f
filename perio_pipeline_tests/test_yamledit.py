"""An edit of a YAML file writes one entry and keeps every other line as a person wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from perio_pipeline.errors import MappingError
from perio_pipeline.yamledit import edit, remove_entry, set_entry
from perio_pipeline.yamlfile import plain

MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"
FILES = {"panda.yaml": 75, "practices/harbor.yaml": 60, "freshsales.yaml": 60}
"""The beginnings of real files, by the number of their lines."""
TEXTS = {
    MAPPINGS / name: "".join((MAPPINGS / name).read_text(encoding="utf-8").splitlines(keepends=True)[:lines])
    for name, lines in FILES.items()
}
SCALARS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.integers() | st.booleans()
VALUES = SCALARS | st.dictionaries(st.text("abcXYZ01", min_size=1, max_size=5), SCALARS, min_size=1, max_size=3)


def content(text: str) -> Any:
    return plain(YAML(typ="rt").load(text))


def scalars(node: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths to all scalars that stand in mappings only."""
    if isinstance(node, dict):
        return [path for key, value in node.items() for path in scalars(value, (*way, key))]
    return [] if isinstance(node, list) or "\n" in str(node) else [way]


ENTRIES = [(path, entry) for path, text in TEXTS.items() for entry in scalars(content(text))]
AROUND = sorted({(path, entry[:length]) for path, entry in ENTRIES for length in range(1, len(entry))}, key=str)


def value_at(text: str, entry: tuple[str | int, ...]) -> Any:
    node = content(text)
    for part in entry:
        node = node[part]
    return node


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(ENTRIES), value=SCALARS)
def test_setting_a_value_changes_its_line_alone(place: tuple[Path, tuple[str | int, ...]], value: Any) -> None:
    path, entry = place
    before = TEXTS[path].splitlines()
    after = set_entry(path, TEXTS[path], entry, value)
    assert value_at(after, entry) == value
    lines = after.splitlines()
    assert len(lines) == len(before)
    assert sum(old != new for old, new in zip(before, lines, strict=True)) <= 1


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(AROUND), key=st.text("abcxyz_", min_size=4, max_size=9), value=VALUES)
def test_a_new_entry_adds_to_one_line_or_is_one(place: tuple[Path, tuple[str, ...]], key: str, value: Any) -> None:
    path, entry = place
    before = TEXTS[path].splitlines()
    after = set_entry(path, TEXTS[path], (*entry, f"new_{key}"), value)
    assert value_at(after, (*entry, f"new_{key}")) == value
    lines = after.splitlines()
    changed = [line for line in lines if line not in before]
    assert len(changed) == 1
    kept = [line for line in lines if line != changed[0]]
    assert kept == [line for line in before if line in kept]
    assert len(before) - len(kept) == len(before) + 1 - len(lines)


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(ENTRIES), value=st.text("abc", min_size=1, max_size=4))
def test_what_is_added_and_taken_away_again_leaves_no_trace(
    place: tuple[Path, tuple[str | int, ...]], value: str
) -> None:
    path, entry = place
    added = set_entry(path, TEXTS[path], (*entry[:-1], "new_one"), {"inside": value})
    assert remove_entry(path, added, (*entry[:-1], "new_one")) == TEXTS[path]


FORMS = """\
# head
a:   1   # behind
b: {c: [1, 2], 'd': "x"}  # flow

e:
  # before f
  f: 1

  g: 2 # behind g
# between
h:
- k: 1
  l: 2
m:"""


@pytest.mark.parametrize(
    ("entry", "value", "line", "becomes"),
    [
        (("a",), 2, "a:   1   # behind", "a:   2   # behind"),
        (("b", "d"), "no", """b: {c: [1, 2], 'd': "x"}  # flow""", """b: {c: [1, 2], 'd': no}  # flow"""),
        (("b", "c"), [], """b: {c: [1, 2], 'd': "x"}  # flow""", """b: {c: [], 'd': "x"}  # flow"""),
        (("b", "n"), "0", """b: {c: [1, 2], 'd': "x"}  # flow""", """b: {c: [1, 2], 'd': "x", n: "0"}  # flow"""),
        (("e", "f"), {"x": {"": "y"}}, "  f: 1", '  f: {x: {"": y}}'),
        (("e", "n"), 3, "  g: 2 # behind g", "  g: 2 # behind g\n  n: 3"),
        (("h", 0, "l"), 3, "  l: 2", "  l: 3"),
        (("m",), {"n": True}, "m:", "m: {n: true}"),
        (("n", "o"), "p", "m:", "m:\nn: {o: p}\n"),
    ],
)
def test_an_entry_is_written_where_it_belongs(
    entry: tuple[str | int, ...], value: Any, line: str, becomes: str
) -> None:
    assert set_entry(Path("forms.yaml"), FORMS, entry, value) == FORMS.replace(line, becomes)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_files_line_ends_and_its_mark_are_kept(newline: str) -> None:
    text = "\ufeff" + FORMS.replace("\n", newline)
    added = set_entry(Path("forms.yaml"), text, ("e", "n"), 3)
    assert added == text.replace("# behind g", f"# behind g{newline}  n: 3")


def test_a_mapping_is_rewritten_key_by_key_so_that_its_remarks_stay() -> None:
    after = set_entry(Path("forms.yaml"), FORMS, ("e",), {"f": 1, "z": 9})
    assert after == FORMS.replace("  g: 2 # behind g", "  z: 9")


def test_what_stands_behind_an_alias_is_left_to_a_person(tmp_path: Path) -> None:
    path = tmp_path / "aliases.yaml"
    path.write_text("a: &one {b: 1}\nc: *one\n", encoding="utf-8")
    with pytest.raises(MappingError, match=r"aliases.yaml:\d: c.b: .*alias.* by hand"):
        set_entry(path, path.read_text(encoding="utf-8"), ("c", "b"), 2)


def test_a_file_that_no_longer_loads_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "forms.yaml"
    path.write_text(FORMS, encoding="utf-8")
    path.chmod(0o640)

    def refuses(_: Path) -> None:
        assert "a:   7" in path.read_text(encoding="utf-8")
        raise MappingError(str(path), 2, "a", "seven is too much.", "Use less.")

    with pytest.raises(MappingError, match="seven"):
        edit(path, lambda text: set_entry(path, text, ("a",), 7), refuses)
    assert path.read_text(encoding="utf-8") == FORMS
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["forms.yaml"]
