"""From a shaped row to the payload an adapter takes, and the fingerprint that tells whether anything changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from perio_pipeline.crm.protocol import Attachment, Payload, Value
from perio_pipeline.mapping.model import FILE_HASH, FILE_NAME, FILE_URL, FieldMap, Link, ObjectMap
from perio_pipeline.mapping.shape import FILE_PATH, FILE_TYPE

LINK = "link."


@dataclass(frozen=True)
class Draft:
    """A record before its links are resolved.

    Attributes:
        source_key, mark: its name in PANDA and in the CRM.
        problem: why it cannot be sent; empty for most.
        fields, custom: values by API name and by stable name; nulls are kept, so that an update can clear a field.
        links: link field → (object, source key of the linked record).
        unlinked: link fields without a record to link to.
        spare: links as `links`, but this practice's mapping does not send them.
        through: link → the link through which its record is reached where that one is carried.
        file: what is said of the file, for objects of files.
        attachment: the file itself.
    """

    source_key: str
    mark: str
    problem: str
    fields: Mapping[str, Value]
    custom: Mapping[str, Value]
    links: Mapping[str, tuple[str, str]]
    unlinked: frozenset[str] = frozenset()
    spare: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    through: Mapping[str, str] = field(default_factory=dict)
    file: Mapping[str, Value] | None = None
    attachment: Attachment | None = None

    def fingerprint(self, link_ids: Mapping[str, str]) -> str:
        """SHA-256 of everything the record says and of the records it hangs on; the same in every run."""
        own = {name: [*self.links[name], crm_id] for name, crm_id in self._own(link_ids).items()}
        content = [dict(self.fields), dict(self.custom), own]
        content += [dict(self.file)] if self.file is not None else []
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def payload(
        self, obj_name: str, obj: ObjectMap, link_ids: Mapping[str, str], spare_ids: Mapping[str, str] | None = None
    ) -> Payload:
        """Complete the record with the CRM ids of what it links to, and of what it may have been linked to before."""
        own = self._own(link_ids)
        return Payload(
            obj_name,
            self.source_key,
            self.fields,
            self.custom,
            own,
            obj.mark.field,
            link_ids.get(obj.mark.field, self.mark),
            self.attachment,
            elsewhere={name: crm_id for name, crm_id in link_ids.items() if name not in own} | dict(spare_ids or {}),
        )

    def _own(self, link_ids: Mapping[str, str]) -> dict[str, str]:
        """What hangs on a record is carried by that one alone, as a visit's note by the visit."""
        return {name: crm_id for name, crm_id in link_ids.items() if self.through.get(name) not in link_ids}


def respectful(payload: Payload, obj: ObjectMap, present: Mapping[str, Value]) -> Payload:
    """The payload for a record that the CRM held before, without what knows less than the record itself.

    A field that PANDA has no value for stays as it is; so does a yes where PANDA says no, since it may be a wish not to
    be contacted, and any value where the mapping has only a constant.

    Args:
        payload: all that PANDA says.
        obj: the object's mapping.
        present: what the record holds now.
    """

    def says_more(name: str, field: FieldMap, value: Value) -> bool:
        held = present.get(name)
        if value is None or (value is False and held is True):
            return False
        return field.value is None or held in (None, "")

    fields = {name: value for name, value in payload.fields.items() if says_more(name, obj.fields[name], value)}
    custom = {name: value for name, value in payload.custom.items() if says_more(name, obj.custom[name], value)}
    return replace(payload, fields=fields, custom=custom)


def drafts(obj: ObjectMap, shaped: pd.DataFrame, relations: Mapping[str, Link] | None = None) -> Iterator[Draft]:
    """Read a shaped frame row by row.

    Args:
        obj: the object's map.
        shaped: its rows.
        relations: its links and those that this practice's mapping does not send, where these are of use.
    """
    columns = {name: _values(shaped[name]) for name in shaped.columns if name != "account"}
    for position in range(len(shaped)):
        links = {
            name: (link.object, columns[LINK + name][position])
            for name, link in (relations or obj.links).items()
            if columns[LINK + name][position] is not None
        }
        yield Draft(
            source_key=columns["source_key"][position],
            mark=columns["mark"][position] or "",
            problem=columns["problem"][position] or "",
            fields={name: columns[name][position] for name in obj.fields},
            custom={name: columns[name][position] for name in obj.custom},
            links={name: to for name, to in links.items() if name in obj.links},
            unlinked=frozenset(obj.links.keys() - links.keys()),
            spare={name: to for name, to in links.items() if name not in obj.links},
            through={name: link.through for name, link in obj.links.items() if link.through},
            file={name: columns[name][position] for name in obj.file.fields()} if obj.file else None,
            attachment=_attachment(columns, position, obj.file.field) if obj.file else None,
        )


def _attachment(columns: Mapping[str, list[Any]], position: int, field: str) -> Attachment:
    """The file of a row; one with an address is linked, and nothing of it is sent."""
    said = {
        name: str(columns[column][position] or "") if column in columns else ""
        for name, column in (
            ("name", FILE_NAME),
            ("content_type", FILE_TYPE),
            ("path", FILE_PATH),
            ("sha256", FILE_HASH),
            ("url", FILE_URL),
        )
    }
    return Attachment(**said, field=field)


def _values(column: Any) -> list[Any]:
    """Plain Python values, null as None, whole numbers as int so that 5.0 and 5 are one value."""
    values: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    return [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
