"""The field-level diff: every mapped field of every record that should be in the CRM against its source value."""

from __future__ import annotations

from collections.abc import Iterator, Set
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.crm.protocol import UNREAD
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.signoff.causes import CAUSES, WHOLE_RECORD, Cause
from perio_pipeline.signoff.cells import Locale, Texts
from perio_pipeline.signoff.expected import LINK, Expected, expected_fields, expected_marks
from perio_pipeline.signoff.explanations import Accounts, Withheld, explain
from perio_pipeline.signoff.found import Found, found_records, whole_key
from perio_pipeline.signoff.gathered import source_records
from perio_pipeline.signoff.source_rows import source_rows

DIFFERENCE_TYPES: dict[str, Any] = {
    "object": TEXT,
    "source_key": TEXT,
    "account": TEXT,
    "crm_id": TEXT,
    "field": TEXT,
    "cause": TEXT,
    "explained": "boolean",
    "expected": TEXT,
    "actual": TEXT,
}
"""Columns of `Diff.differences`. `expected` and `actual` are patients' values: they stay in the data folder."""

POPULATION_TYPES: dict[str, Any] = {
    "field": TEXT,
    "custom": "boolean",
    "expected_filled": "Int64",
    "crm_filled": "Int64",
}


@dataclass(frozen=True)
class Diff:
    """What the comparison of one object found.

    Attributes:
        object: the destination object.
        cells: how many cells were compared.
        records: how many records should be in the CRM.
        differences: one row per differing cell; a record that is missing or too many is one row with the field `*`.
        population: per field, how many records have a value in the source and in the CRM.
    """

    object: str
    cells: int
    records: int
    differences: pd.DataFrame = field(repr=False)
    population: pd.DataFrame = field(repr=False)

    @property
    def unexplained(self) -> int:
        """How many differences nobody agreed to."""
        return int((~self.differences["explained"]).sum())

    @property
    def counts(self) -> pd.DataFrame:
        """Differences per field and cause: field, cause, count; no values."""
        return self.differences.groupby(["field", "cause"], sort=True).size().rename("count").reset_index()


@dataclass(frozen=True)
class _Pairs:
    """Which found record is compared with which source row, by place."""

    found: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]


def diff_object(
    name: str,
    mapping: Mapping,
    sources: Dictionary[str, pd.DataFrame],
    readback: pd.DataFrame,
    linked: Dictionary[str, pd.DataFrame],
    lookups: pd.DataFrame,
    locale: Locale,
    only: set[str] | None,
    held_before: Set[str] = frozenset(),
) -> Diff:
    """Compare one destination object with its source.

    Args:
        name: the object in the mapping.
        mapping: the destination's mapping.
        sources: canonical frames by asset key.
        readback: what the CRM holds: source_key (`key#2` and so on for parts of a text), account, crm_id, one column
            per mapped field, and `link.<link>` with CRM ids. A column the CRM never returned may be missing.
        linked: object → readback of that object, to follow links.
        lookups: account, field, name: what each account can look up, and its capabilities.
        locale: country and zone of the practice's values.
        only: source keys of a sample pass, of whole records or of their parts; None for every record that the mapping
            lets through.
        held_before: CRM ids of the records that the CRM held before a person linked them: they keep what PANDA does not
            know.
    """
    obj = mapping.objects[name]
    everything = source_rows(obj, sources)
    records = source_records(obj, everything.iloc[:0] if mapping.absence(name) else everything, locale)
    rows = records.heads
    keys = rows["source_key"].tolist()
    if only is not None and obj.split is not None:
        only = {whole_key(key) for key in only}
    in_scope = np.array([only is None or key in only for key in keys], dtype=bool)
    fields = expected_fields(obj, records, locale)
    marks = dict(zip(keys, expected_marks(obj, rows, locale).tolist(), strict=True))
    found = found_records(obj, readback, linked, marks, _ways_through(name, mapping), held_before)

    place_of = {key: place for place, key in enumerate(keys)}
    origin = np.array([place_of.get(key, -1) for key in found.source_key.tolist()], dtype=np.int64)
    too_many = (origin < 0) | found.double
    compared = np.flatnonzero(~too_many & np.append(in_scope, False)[origin])
    pairs = _Pairs(compared, origin[compared])
    missing = np.setdiff1d(np.flatnonzero(in_scope), pairs.rows)

    accounts = Accounts(lookups)
    lines = [line for each in fields for line in _field_lines(each, found, pairs, in_scope, accounts, locale)]
    lines += [_record_line(None, rows["source_key"][row], None, Cause.MISSING) for row in missing.tolist()]
    lines += [
        _record_line(found.account[place], found.source_key[place], found.crm_id[place], Cause.EXTRA)
        for place in np.flatnonzero(too_many).tolist()
    ]
    count = len(pairs.rows) + len(missing)
    return Diff(
        object=name,
        cells=count * len(fields),
        records=count,
        differences=_differences(name, lines),
        population=_population(fields, found, pairs, missing),
    )


_Line = tuple[str | None, str | None, str | None, str, Cause, str | None, str | None]
"""source_key, account, crm_id, field, cause, expected, actual."""


def _field_lines(
    field: Expected,
    found: Found,
    pairs: _Pairs,
    in_scope: npt.NDArray[np.bool_],
    accounts: Accounts,
    locale: Locale,
) -> Iterator[_Line]:
    """The differences of one field: cells that are the same are set aside at once, each other pair is judged once."""
    actual: Texts = found.fields[field.name][pairs.found]
    expected = _expected(field, actual, pairs)
    differs = expected != actual
    if field.made_plain is not None:
        differs |= field.made_plain[pairs.rows]
    withheld = Withheld(field, found, in_scope, locale) if field.unique and differs.any() else None
    judged: dict[tuple[str | None, str | None], Cause | None] = {}
    for number in np.flatnonzero(differs).tolist():
        place, row, pair = pairs.found[number], pairs.rows[number], (expected[number], actual[number])
        if pair not in judged:
            judged[pair] = _judge(field, *pair, locale)
        cause = judged[pair]
        if cause is None and field.made_plain is not None and field.made_plain[row]:
            cause = Cause.MADE_PLAIN
        if cause is not None:
            cause = explain(field, cause, place, row, found, withheld, accounts)
            yield found.source_key[place], found.account[place], found.crm_id[place], field.name, cause, *pair


def _ways_through(name: str, mapping: Mapping) -> dict[str, str]:
    """Link that goes through another one → the column of that one's record that names the record of this one."""
    links = mapping.objects[name].links
    return {
        link_name: LINK
        + next(
            other
            for other, onward in mapping.objects[links[link.through].object].links.items()
            if onward.object == link.object
        )
        for link_name, link in links.items()
        if link.through in links
    }


def _expected(field: Expected, actual: Texts, pairs: _Pairs) -> Texts:
    expected: Texts = field.texts[pairs.rows]
    if not field.null_is_false:
        return expected
    return np.where((expected == None) & (actual == "false"), "false", expected)  # noqa: E711


def _judge(field: Expected, expected: str | None, actual: str | None, locale: Locale) -> Cause | None:
    if actual == UNREAD:
        return Cause.UNPROVEN
    if expected is None:
        return None if actual is None else Cause.EXTRA
    return Cause.DROPPED if actual is None else field.comparator.judge(expected, actual, locale)


def _record_line(account: str | None, source_key: str | None, crm_id: str | None, cause: Cause) -> _Line:
    return source_key, account, crm_id, WHOLE_RECORD, cause, None, None


def _differences(name: str, lines: list[_Line]) -> pd.DataFrame:
    columns = ["source_key", "account", "crm_id", "field", "cause", "expected", "actual"]
    frame = pd.DataFrame(lines, columns=columns, dtype=object)
    explained = [CAUSES[cause].explained for cause in frame["cause"]]
    frame = frame.assign(object=name, explained=explained, cause=[cause.value for cause in frame["cause"]])
    return frame[list(DIFFERENCE_TYPES)].astype(DIFFERENCE_TYPES)


def _population(fields: list[Expected], found: Found, pairs: _Pairs, missing: npt.NDArray[np.int64]) -> pd.DataFrame:
    rows = np.concatenate([pairs.rows, missing])
    lines = [
        (each.name, each.custom, _filled(each.texts[rows]), _filled(found.fields[each.name][pairs.found]))
        for each in fields
    ]
    return pd.DataFrame(lines, columns=list(POPULATION_TYPES)).astype(POPULATION_TYPES)


def _filled(values: Texts) -> int:
    return int(np.count_nonzero(values != None))  # noqa: E711
