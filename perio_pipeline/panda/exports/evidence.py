"""What the values of a column prove of how it is written: counts and lines, never a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from perio_pipeline.panda.exports.date_evidence import DateEvidence
from perio_pipeline.panda.exports.seen import Seen
from perio_pipeline.panda.exports.uses import ColumnUse

NULL_WORDS = ("NULL", r"\N")
"""How exports write "no value", other than by nothing: SQL Server's tools, and those of MySQL."""
EMPTY = ("", "\0")
"""Nothing, and how bcp writes an empty text."""
BIT_WORDS = {"true": "1", "false": "0"}
"""How exports write bits, other than by 1 and 0."""

_HEX = re.compile(r"0x(?:[0-9A-Fa-f]{2})*")
_BARE_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){8,}")
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(?:\.\d{3})+),(\d+)")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+")


@dataclass
class CommaEvidence:
    """Whether a column's commas are decimal ones.

    Attributes:
        proving: numbers whose comma can only be a decimal one.
        either: numbers whose comma may part thousands.
        other: what is no such number.
    """

    proving: Seen = field(default_factory=Seen)
    either: Seen = field(default_factory=Seen)
    other: Seen = field(default_factory=Seen)

    @property
    def proven(self) -> bool:
        """The commas are decimal ones, and no value says otherwise."""
        return bool(self.proving) and not self.other

    def take(self, line: int, text: str) -> None:
        """Look at a value."""
        number = text.strip()
        match = _COMMA.fullmatch(number)
        if match:
            whole, fraction = match.groups()
            # 1,234 may be a thousand and more; 1234,5 and 0,123 and 1.234,56 may not.
            thousands = len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")
            (self.either if thousands else self.proving).add(line)
        elif not _PLAIN_NUMBER.fullmatch(number):
            self.other.add(line)


@dataclass
class BytesEvidence:
    """Whether a column that holds bytes in the source is written as hexadecimal digits.

    Attributes:
        digits: values that are `0x` and pairs of digits.
        text: any others.
        bare: those of them that are many digits without `0x`, as bcp writes bytes.
        lost: `System.Byte[]`, which PowerShell writes in place of bytes.
    """

    digits: Seen = field(default_factory=Seen)
    text: Seen = field(default_factory=Seen)
    bare: Seen = field(default_factory=Seen)
    lost: Seen = field(default_factory=Seen)

    def take(self, line: int, text: str) -> None:
        """Look at a value."""
        seen = self.digits if _HEX.fullmatch(text) else self.lost if text == "System.Byte[]" else self.text
        seen.add(line)
        if _BARE_HEX.fullmatch(text):
            self.bare.add(line)


@dataclass
class ColumnEvidence:
    """A column of a file; what is looked for depends on what the bindings read of it.

    Attributes:
        typed: no free text, so that a word for "no value" proves itself.
        empty: nothing.
        null_words: each word that may stand for "no value".
        words: True and False in a column of bits.
    """

    typed: bool = False
    empty: Seen = field(default_factory=Seen)
    null_words: dict[str, Seen] = field(default_factory=lambda: {word: Seen() for word in NULL_WORDS})
    dates: DateEvidence | None = None
    commas: CommaEvidence | None = None
    bytes: BytesEvidence | None = None
    words: Seen | None = None

    @classmethod
    def wanted(cls, use: ColumnUse | None) -> ColumnEvidence:
        """Return what a column of a use is looked at for; None is a column that no binding reads."""
        if use is None:
            return cls()
        return cls(
            typed=use.typed,
            dates=DateEvidence() if use.dates else None,
            commas=CommaEvidence() if use.decimals else None,
            bytes=BytesEvidence() if use.encoded else None,
            words=Seen() if use.bits else None,
        )

    def take(self, lines: Sequence[int], values: Sequence[str]) -> None:
        """Look at some values, each on its line."""
        for word, seen in self.null_words.items():
            if word in values:
                seen.add(lines[values.index(word)], values.count(word))
        for nothing in EMPTY:
            if nothing in values:
                self.empty.add(lines[values.index(nothing)], values.count(nothing))
        looking = [each.take for each in (self.dates, self.commas, self.bytes) if each is not None]
        if self.words is not None:
            looking.append(self._take_word)
        if looking:
            for line, value in zip(lines, values, strict=True):
                if value not in EMPTY and value not in NULL_WORDS:
                    for look in looking:
                        look(line, value)

    def _take_word(self, line: int, text: str) -> None:
        if self.words is not None and text.lower() in BIT_WORDS:
            self.words.add(line)
