"""The records found in the CRM, one each, in texts: parts put together, links followed, doubles set aside."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.signoff.cells import Texts, as_texts, nothing, texts
from perio_pipeline.signoff.expected import LINK
from perio_pipeline.signoff.richtext import joined, text_of, without_line

_PART = re.compile(r"(.+)#([2-9]|[1-9]\d+)", re.DOTALL)
_LINE = re.compile(r"Part 1 of (\d+) ")
_UNKNOWN = "unknown record "

Record = dict[str, str | None]


@dataclass(frozen=True)
class Found:
    """Records of one object.

    Attributes:
        source_key, account, crm_id: where each comes from and lies; of a note in parts, where the first part lies.
        fields: mapped field or `link.` and link → what the CRM holds; links as source keys of the linked records.
        double: the CRM holds the same record already, further up.
        held_before: the CRM held the record before a person linked it.
    """

    source_key: Texts
    account: Texts
    crm_id: Texts
    fields: Dictionary[str, Texts]
    double: npt.NDArray[np.bool_]
    held_before: npt.NDArray[np.bool_]


def whole_key(key: str) -> str:
    """Return the source key of the record that a part belongs to; other keys as they are."""
    part = _PART.fullmatch(key)
    return part[1] if part else key


def found_records(
    obj: ObjectMap,
    readback: pd.DataFrame,
    linked: Dictionary[str, pd.DataFrame],
    marks: Dictionary[str, str | None],
    ways: Dictionary[str, str],
    held_before: Set[str] = frozenset(),
) -> Found:
    """Read what was found.

    Args:
        obj: the object's mapping.
        readback: one row per record, or part of one, in the CRM.
        linked: object → its readback, to follow links.
        marks: source key → the mark under its text.
        ways: link that may go through another one → the column of that one's record that carries it then.
        held_before: CRM ids of the records that the CRM held before.
    """
    names = ["source_key", "account", "crm_id", *(name for name, _ in obj.all_fields())]
    columns = {name: texts(readback[name]) if name in readback else nothing(len(readback)) for name in names}
    accounts = columns["account"]
    ids = {
        name: texts(readback[LINK + name]) if LINK + name in readback else nothing(len(readback)) for name in obj.links
    }
    for name, onward in ways.items():
        between = obj.links[name].through
        through = _onward(ids[between], accounts, linked.get(obj.links[between].object), onward)
        ids[name] = np.where(ids[name] == None, through, ids[name])  # noqa: E711
    for name, link in obj.links.items():
        columns[LINK + name] = _followed(ids[name], accounts, linked.get(link.object))
    if obj.split is not None:
        html = dict(obj.all_fields())[obj.split.field].format == "html"
        columns = _together(columns, obj.split.field, marks, html=html)
    keys = [columns["source_key"]] if obj.account == "patient" else [columns["source_key"], columns["account"]]
    fields = {name: column for name, column in columns.items() if name not in names[:3]}
    double = pd.DataFrame(dict(enumerate(keys)), dtype=object).duplicated().to_numpy()
    before = np.array([crm_id in held_before for crm_id in columns["crm_id"].tolist()], dtype=bool)
    return Found(columns["source_key"], columns["account"], columns["crm_id"], fields, double, before)


def _followed(ids: Texts, accounts: Texts, linked: pd.DataFrame | None) -> Texts:
    """CRM ids of linked records → their source keys. An id that nobody knows stays, and says so."""
    known: dict[tuple[str | None, str | None], str | None] = {}
    if linked is not None:
        places = zip(texts(linked["account"]).tolist(), texts(linked["crm_id"]).tolist(), strict=True)
        known = dict(zip(places, texts(linked["source_key"]).tolist(), strict=True))
    pairs = zip(accounts.tolist(), ids.tolist(), strict=True)
    return as_texts([crm_id and known.get((account, crm_id), _UNKNOWN + crm_id) for account, crm_id in pairs])


def _onward(ids: Texts, accounts: Texts, readback: pd.DataFrame | None, column: str) -> Texts:
    """CRM ids of records → the CRM ids that those records hold in a column of theirs."""
    if readback is None or column not in readback:
        return nothing(len(ids))
    places = zip(texts(readback["account"]).tolist(), texts(readback["crm_id"]).tolist(), strict=True)
    held = dict(zip(places, texts(readback[column]).tolist(), strict=True))
    return as_texts([held.get(place) for place in zip(accounts.tolist(), ids.tolist(), strict=True)])


def _together(
    columns: dict[str, Texts], field: str, marks: Dictionary[str, str | None], *, html: bool
) -> dict[str, Texts]:
    """Put the parts of a text together again, as if it had never been cut.

    A part beyond the number that the first one states is no part of it: it stays a record of its own.
    """
    groups: dict[tuple[str, str | None], list[tuple[int, int]]] = defaultdict(list)
    for place, key in enumerate(columns["source_key"].tolist()):
        # A key that the source itself has is no part, whatever it looks like.
        part = None if key in marks else _PART.fullmatch(key or "")
        groups[part[1] if part else key or "", columns["account"][place]].append((int(part[2]) if part else 1, place))
    kept = np.ones(len(columns["source_key"]), dtype=bool)
    merged = []
    for (key, _), found in groups.items():
        places = sorted(found)
        total = _stated(columns[field][places[0][1]], html=html) if places[0][0] == 1 else places[-1][0]
        parts = [(number, place) for number, place in places if number <= total]
        if total > 1:
            merged.append(_one(columns, _Parts(field, html, key, marks.get(key) or "", total), parts))
            kept[[place for _, place in parts]] = False
    return {
        name: np.concatenate([column[kept], as_texts([record[name] for record in merged])])
        for name, column in columns.items()
    }


@dataclass(frozen=True)
class _Parts:
    """A text in parts: its field, whether it is HTML, its record's key and mark, and how many parts there should be."""

    field: str
    html: bool
    key: str
    mark: str
    total: int

    def line(self, number: int) -> str:
        """What stands under a part."""
        mark = self.mark if number == 1 else f"{self.mark.removesuffix(']')} part {number}]"
        return f"Part {number} of {self.total} {mark}"


def _stated(first: str | None, *, html: bool) -> int:
    """How many parts a first one says there are."""
    lines = (text_of(first or "") if html else first or "").rstrip().rsplit("\n", 1)
    found = _LINE.match(lines[-1])
    return int(found[1]) if found else 1


def _one(columns: Dictionary[str, Texts], whole: _Parts, places: Sequence[tuple[int, int]]) -> Record:
    """Make one record of its parts, given as (number, place).

    The whole's mark is set under the text only where every part is there and carries its own, so that any part that is
    lost shows.
    """
    record: Record = {name: _agreed([column[place] for _, place in places]) for name, column in columns.items()}
    record["source_key"], record["crm_id"] = whole.key, columns["crm_id"][places[0][1]]
    complete = [number for number, _ in places] == list(range(1, whole.total + 1))
    pieces = []
    for number, place in places:
        text = (columns[whole.field][place] or "").rstrip()
        piece = without_line(text, whole.line(number), html=whole.html)
        complete = complete and piece is not None
        pieces.append(text if piece is None else piece.rstrip())
    if complete:
        pieces.append(f"<br>{escape(whole.mark, quote=False)}" if whole.html else whole.mark)
    record[whole.field] = (joined(pieces) if whole.html else "\n".join(pieces)) or None
    return record


def _agreed(values: list[str | None]) -> str | None:
    """What all parts say; where they disagree, everything they say."""
    said = list(dict.fromkeys(values))
    return said[0] if len(said) == 1 else " | ".join(value or "nothing" for value in said)
