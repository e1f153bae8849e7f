"""Whose mark a record of the CRM carries: what this project wrote is no stranger, whatever the journal knows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from perio_pipeline.crm.protocol import Value
from perio_pipeline.mapping.model import PLACEHOLDER, ObjectMap

OURS = ""
"""Stands for the source key of a record that is not among those asked about."""


class Marks:
    """Reads the marks of one object.

    Args:
        obj: its mapping.
        asked: mark → source key of the records that are asked about.
    """

    def __init__(self, obj: ObjectMap, asked: Mapping[str, str]) -> None:
        self._field, self._asked = obj.mark.field, asked
        field = dict(obj.all_fields()).get(obj.mark.field)
        self._line = _pattern(obj.mark.text) if obj.mark.text else None
        whole = _pattern(field.template) if field and field.template and _speaks(field.template) else None
        # Nobody else fills a custom field of ours; a standard field without words of ours may hold anything.
        self._whole = re.compile(".+") if obj.mark.field in obj.custom else whole

    def read(self, values: Mapping[str, Value]) -> str | None:
        """Return the source key of the record whose mark these values carry; `OURS` for another mark of ours."""
        held = str(values.get(self._field) or "").strip()
        if self._line:
            found = self._line.findall(held)
            return next((self._asked[mark] for mark in found if mark in self._asked), OURS) if found else None
        if held in self._asked:
            return self._asked[held]
        return OURS if self._whole and self._whole.fullmatch(held) else None


def _speaks(template: str) -> bool:
    """Whether a template has words of its own, by which its texts are told from others'."""
    return any(character.isalpha() for piece in _pieces(template) for character in piece)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _pieces(template)
    return re.compile(".+?".join(map(re.escape, pieces)) + ("" if pieces[-1] else "$"), re.MULTILINE)


def _pieces(template: str) -> list[str]:
    return PLACEHOLDER.split(template)[:: PLACEHOLDER.groups + 1]
