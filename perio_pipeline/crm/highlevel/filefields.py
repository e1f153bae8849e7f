"""What the file fields of a contact hold, as a contact that was read shows it (section 8).

A field's value is an object: key → `{meta: {originalname, size, uuid, fieldname, ...}, url, documentId}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perio_pipeline.crm.http import JsonObject


@dataclass(frozen=True)
class HeldFile:
    """A file as a contact's field shows it.

    Attributes:
        key: under which the field's value holds it.
        field_id: the custom field.
        entry: what is said of it.
    """

    key: str
    field_id: str
    entry: JsonObject

    @property
    def id(self) -> str:
        """Its document, or the key where the document is not named."""
        return str(self.entry.get("documentId") or self.key)

    @property
    def url(self) -> str:
        """Where it is downloaded."""
        return str(self.entry.get("url") or "")

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self._meta.get("originalname") or "")

    @property
    def bytes(self) -> int | None:
        """Its size, where it is said."""
        size = self._meta.get("size")
        return size if isinstance(size, int) else None

    @property
    def given(self) -> str:
        """Everything in which the id that it was uploaded with may have been kept."""
        return f"{self.key} {self._meta.get('uuid')} {self._meta.get('fieldname')}"

    @property
    def _meta(self) -> JsonObject:
        meta = self.entry.get("meta")
        return meta if isinstance(meta, dict) else {}


def held_files(contact: Mapping[str, Any]) -> list[HeldFile]:
    """The files in all file fields of a contact, in the order in which it shows them."""
    items = contact.get("customFields")
    found = []
    for item in items if isinstance(items, list) else []:
        value = item.get("value") if isinstance(item, dict) else None
        entries = value.items() if isinstance(value, dict) else ()
        found += [
            HeldFile(str(key), str(item["id"]), entry)
            for key, entry in entries
            if isinstance(entry, dict) and ("url" in entry or "documentId" in entry)
        ]
    return found
