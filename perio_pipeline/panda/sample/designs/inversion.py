"""From canonical values back to what physical columns hold: each step of a field's entry, taken the other way round.

Several fields may be made of one column (flags of one sum, pieces of one text): what each of them says is collected,
and the column is written when all have spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from perio_pipeline.panda.bound import BoundTable, Place
from perio_pipeline.panda.fields import BoundColumn, filled
from perio_pipeline.panda.patterns import Pattern, pattern_of, template_parts

Value = str | None

_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?")
_NONE_SET = "-"
"""In a text of letters: looked at, and nothing there."""


@dataclass
class Cells:
    """What the fields of some canonical rows say about the columns of one physical row."""

    plain: dict[str, Value] = field(default_factory=dict)
    pieces: dict[str, dict[str, Value]] = field(default_factory=dict)
    patterns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fillers: dict[str, dict[str, str]] = field(default_factory=dict)
    misfits: list[str] = field(default_factory=list)

    def say(self, column: str, value: Value) -> None:
        """Note a column's value; the first that says something counts."""
        if self.plain.get(column) is None:
            self.plain[column] = value

    def say_piece(self, column: str, entry: BoundColumn, piece: str, value: Value) -> None:
        """Note a piece of a column's value."""
        self.patterns[column] = entry.pattern
        pieces = self.pieces.setdefault(column, {})
        if pieces.get(piece) is None:
            pieces[piece] = value
        if entry.null_when:
            self.fillers.setdefault(column, {})[piece] = entry.null_when[0]

    def finished(self) -> dict[str, Value]:
        """Return every column's value; `misfits` names columns whose pattern cannot hold what was said."""
        values = dict(self.plain)
        for column, pieces in self.pieces.items():
            values[column] = self._composed(column, pieces)
        return values

    def _composed(self, column: str, pieces: Mapping[str, Value]) -> Value:
        said = {name: value for name, value in pieces.items() if value is not None}
        fillers = self.fillers.get(column, {})
        if not said and not fillers:
            return None
        patterns = sorted((pattern_of(each) for each in self.patterns[column]), key=lambda each: len(each.pieces))
        for pattern in patterns:
            if set(said) <= set(pattern.pieces):
                text = _filled_pattern(pattern, said, fillers)
                found = pattern.apart(text)
                if isinstance(found, dict) and all(_same(found[name], said.get(name)) for name in found):
                    return text
        self.misfits.append(column)
        return _filled_pattern(patterns[-1], said, fillers)


def _same(found: str, said: Value) -> bool:
    return said is None or found == said.strip() or found.lstrip("0") == said.lstrip("0")


def _filled_pattern(pattern: Pattern, said: Mapping[str, str], fillers: Mapping[str, str]) -> str:
    parts = []
    for name, kind in pattern.parts:
        if not name:
            parts.append(kind)
            continue
        width = int(kind) if kind.isdigit() else 0
        value = said.get(name, fillers.get(name, ""))
        parts.append(value.zfill(width) if value.isdigit() else value.ljust(width))
    return "".join(parts)


def invert(bound: BoundTable, row: Mapping[str, Value], place: Place, cells: Cells) -> None:
    """Say what the columns hold from which one canonical row is read.

    Args:
        bound: the binding.
        row: its canonical fields, as an extract has them.
        place: which of the rows that its physical row becomes.
        cells: where it is said.
    """
    sums: dict[str, list[tuple[BoundColumn, Value]]] = {}
    for name, entry in bound.columns.items():
        if entry.value is not None:
            continue
        value = _uncoded(entry, row.get(name))
        if entry.bit is not None or entry.letter is not None:
            sums.setdefault(f"{entry.columns(place.suffixes)[0]}\0{entry.piece_at(name, place.labels)}", []).append(
                (entry, value)
            )
            continue
        _say(cells, name, entry, place, _unread(entry, value))
    for where, flags in sums.items():
        column, _, piece = where.partition("\0")
        value = _letters(flags) if flags[0][0].letter else _bits(flags)
        if flags[0][0].pattern:
            cells.say_piece(column, flags[0][0], piece, value)
        else:
            cells.say(column, value)


def _say(cells: Cells, name: str, entry: BoundColumn, place: Place, value: Value) -> None:
    if entry.text is not None:
        for column, part in _parts(filled(entry.text, place.suffixes), value).items():
            cells.say(column, part)
        return
    (column,) = entry.columns(place.suffixes)
    if entry.pattern:
        cells.say_piece(column, entry, entry.piece_at(name, place.labels), value)
    else:
        cells.say(column, value)


def _parts(template: str, value: Value) -> dict[str, Value]:
    """Take apart what a template puts together; a text without its separators goes into the first column."""
    names = template_parts(template)
    if value is None:
        return dict.fromkeys(names)
    found = pattern_of(template).shortest(value)
    return {**dict.fromkeys(names), **({name: part or None for name, part in found.items()} or {names[0]: value})}


def _uncoded(entry: BoundColumn, value: Value) -> Value:
    """The first code that stands for a value; what no code stands for was kept as it was."""
    codes = [code for code, target in entry.codes.items() if target == value]
    if not codes:
        return value
    return None if codes[0] in ("", "*") else codes[0]


def _unread(entry: BoundColumn, value: Value) -> Value:
    if value is None:
        return None
    if entry.decode == "over_100_is_negative":
        return str(100 - int(value)) if re.fullmatch("-[0-9]+", value) else value
    if entry.decode == "decimal_comma":
        return value.replace(".", ",")
    return written_date(value, entry.date) if entry.date else value


def written_date(value: str, pattern: str) -> str:
    """Return an ISO date as a pattern writes it; what is no date stays as it is."""
    match = _MOMENT.fullmatch(value)
    if match is None:
        return value
    year, month, day, hour, minute, second = match.groups()
    if hour is None:
        pattern = pattern.partition(" ")[0]
    if "am" in pattern and hour is not None:
        pattern = pattern.replace("am", "PM" if int(hour) >= 12 else "AM")
        hour = f"{(int(hour) - 1) % 12 + 1:02}"
    named = {"YYYY": year, "MM": month, "DD": day, "hh": hour, "mm": minute, "ss": second or "00"}
    return re.sub("YYYY|MM|DD|hh|mm|ss", lambda token: named[token[0]] or "", pattern)


def _bits(flags: list[tuple[BoundColumn, Value]]) -> Value:
    """The sum; one with a bit that nobody knows has such a bit in this design too."""
    if _strange(flags) is not None:
        known = sum({entry.bit or 0 for entry, _ in flags})
        return str(next(1 << place for place in range(16) if not known & 1 << place))
    if all(value is None for _, value in flags):
        return None
    return str(sum(entry.bit or 0 for entry, value in flags if value == "true"))


def _letters(flags: list[tuple[BoundColumn, Value]]) -> Value:
    strange = _strange(flags)
    if strange is not None or all(value is None for _, value in flags):
        return strange
    return "".join(entry.letter or "" for entry, value in flags if value == "true") or _NONE_SET


def _strange(flags: list[tuple[BoundColumn, Value]]) -> Value:
    """What a sum with an unknown bit was kept as."""
    return next((value[1:] for _, value in flags if value and value.startswith("?")), None)
