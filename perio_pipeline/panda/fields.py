"""How one canonical field is read: from which column, text or constant, and through which steps.

The steps are always taken in this order: pattern, null_when, then one of bit, letter, decode or date, then codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from perio_pipeline.panda.patterns import date_pattern, pattern_of, piece_of, template_parts
from perio_pipeline.yamlfile import Entry


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""One text or a list of them."""


class BoundColumn(Entry):
    """One canonical field. The grammar is in the head of the bindings file.

    Attributes:
        also_read: of a finding, that a field is bound to the same column on purpose.
    """

    column: str | None = None
    text: str | None = None
    value: str | None = None
    pattern: Texts = ()
    piece: str | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    null_when: tuple[str, ...] = ()
    bit: int | None = None
    letter: str | None = None
    decode: Literal["over_100_is_negative", "decimal_comma"] | None = None
    date: str | None = None
    encoding: Literal["cp1252", "utf-8"] | None = None
    also_read: bool = False

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @field_validator("pattern")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            pattern_of(pattern)
        return patterns

    @field_validator("text")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            template_parts(text)
        return text

    @field_validator("date")
    @classmethod
    def _date(cls, text: str | None) -> str | None:
        if text is not None:
            date_pattern(text)
        return text

    @field_validator("letter")
    @classmethod
    def _one_letter(cls, letter: str | None) -> str | None:
        if letter is not None and not (len(letter) == 1 and letter.isalpha()):
            raise ValueError("`letter` is one letter")
        return letter

    @model_validator(mode="after")
    def _one_origin(self) -> BoundColumn:
        if [self.column, self.text, self.value].count(None) != 2:
            raise ValueError("one of `column`, `text` and `value` must be given, and only one")
        if sum(step is not None for step in (self.bit, self.letter, self.decode, self.date)) > 1:
            raise ValueError("only one of `bit`, `letter`, `decode` and `date` may be given")
        if self.encoding and self.column is None:
            raise ValueError("`encoding` needs a `column`")
        return self

    def columns(self, suffixes: Mapping[str, str]) -> tuple[str, ...]:
        """Return the physical columns the field is made of, as they are called at a place of an unpivoted row."""
        if self.column is not None:
            return (filled(self.column, suffixes),)
        return template_parts(filled(self.text, suffixes)) if self.text is not None else ()

    def piece_at(self, name: str, labels: Mapping[str, str]) -> str:
        """Return which piece of its pattern a field of that name takes at a place; empty for none."""
        return self.piece or piece_of(self.pattern, name, labels)

    @property
    def transforms(self) -> bool:
        """Whether values can fail to be read."""
        steps = (self.bit, self.letter, self.decode, self.date)
        return bool(self.pattern or self.codes or any(step is not None for step in steps))


def filled(text: str, suffixes: Mapping[str, str]) -> str:
    """Return a name or template with the suffixes of a place: `PD_{site}` becomes `PD_MB`."""
    for name, suffix in suffixes.items():
        text = text.replace("{" + name + "}", suffix)
    return text
