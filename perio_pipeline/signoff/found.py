"""The records found in the CRM, one each, in texts: parts put together, links followed, doubles set aside."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.signoff.cells import Texts, as_texts, nothing, texts
from perio_pipeline.signoff.expected import LINK

_PART = re.compile(r"(.+)#(\d+)/(\d+)", re.DOTALL)
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
    held_before: Set[str] = frozenset(),
) -> Found:
    """Read what was found.

    Args:
        obj: the object's mapping.
        readback: one row per record, or part of one, in the CRM.
        linked: object → its readback, to follow links.
        marks: source key → the mark under its text.
        held_before: CRM ids of the records that the CRM held before.
    """
    names = ["source_key", "account", "crm_id", *(name for name, _ in obj.all_fields())]
    columns = {name: texts(readback[name]) if name in readback else nothing(len(readback)) for name in names}
    for name, link in obj.links.items():
        ids = texts(readback[LINK + name]) if LINK + name in readback else nothing(len(readback))
        columns[LINK + name] = _followed(ids, columns["account"], linked.get(link.object))
    if obj.split is not None:
        columns = _together(columns, obj.split.field, marks)
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


def _together(columns: dict[str, Texts], field: str, marks: Dictionary[str, str | None]) -> dict[str, Texts]:
    """Put the parts of a text together again, as if it had never been cut."""
    parts = [_PART.fullmatch(key or "") for key in columns["source_key"].tolist()]
    if not any(parts):
        return columns
    whole = np.array([part is None for part in parts])
    groups: dict[tuple[str, str | None, int], list[tuple[int, int]]] = defaultdict(list)
    for place, part in enumerate(parts):
        if part:
            groups[part[1], columns["account"][place], int(part[3])].append((int(part[2]), place))
    merged = [_one(columns, field, sorted(places), key, marks.get(key[0])) for key, places in groups.items()]
    return {
        name: np.concatenate([column[whole], as_texts([record[name] for record in merged])])
        for name, column in columns.items()
    }


def _one(
    columns: Dictionary[str, Texts],
    field: str,
    places: Sequence[tuple[int, int]],
    key: tuple[str, str | None, int],
    mark: str | None,
) -> Record:
    """Make one record of its parts, given as (number, place).

    The whole's mark is set under the text only where every part is there and carries its own, so that any part that is
    lost shows.
    """
    record: Record = {name: _agreed([column[place] for _, place in places]) for name, column in columns.items()}
    record["source_key"], record["crm_id"] = key[0], columns["crm_id"][places[0][1]]
    complete = [number for number, _ in places] == list(range(1, key[2] + 1))
    pieces = []
    for number, place in places:
        text = (columns[field][place] or "").rstrip()
        own = f"{(mark or '').removesuffix(']')} part {number}/{key[2]}]"
        complete = complete and text.endswith(own)
        pieces.append(text.removesuffix(own).rstrip())
    record[field] = "\n".join([*pieces, mark or ""] if complete else pieces) or None
    return record


def _agreed(values: list[str | None]) -> str | None:
    """What all parts say; where they disagree, everything they say."""
    said = list(dict.fromkeys(values))
    return said[0] if len(said) == 1 else " | ".join(value or "nothing" for value in said)
