"""Fields whose values are ids in a CRM and names for people: stages, users, calendars, pick-lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Value
from perio_pipeline.errors import DestinationError


class UnknownLookupError(Exception):
    """A look-up value that the account does not have; the record is refused before anything is sent."""

    def __init__(self, name: str, label: str) -> None:
        self.field = name
        super().__init__(f"{name}: the account has no such {label}, or several")


@dataclass(frozen=True)
class LookupField:
    """A field that takes the id of an entry.

    Attributes:
        kind: which entries it takes; several fields may take the same.
        label: what people call them.
        within: the field whose entry they belong to, such as a stage's pipeline.
        optional: a name that the account does not have is left out rather than refused.
    """

    kind: str
    label: str
    within: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Entry:
    """Something that has an id and a name.

    Attributes:
        id, name: the CRM's id, and what people call it.
        parent: what it belongs to.
        usable: it may be named in a write; others are only spoken of when they are read.
    """

    id: str
    name: str
    parent: str = ""
    usable: bool = True


@dataclass
class Lookups:
    """The account's entries per kind. Names match whatever their case, as the CRMs compare them themselves."""

    crm: str
    fields: Mapping[str, LookupField]
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add(
        self, kind: str, found: Iterable[JsonObject], name: str = "name", parent: str = "", switch: str = ""
    ) -> None:
        """Take entries from one of the CRM's lists.

        Args:
            kind: of the entries.
            found: the list.
            name: the key of what they go by.
            parent: what they belong to.
            switch: a key that is false for entries that must not be named in a write, if there is one.
        """
        self.entries[kind] += [
            Entry(
                str(item.get("id") or item.get("_id") or ""),
                str(item.get(name) or ""),
                parent,
                usable=not switch or item.get(switch) is not False,
            )
            for item in found
        ]

    def resolve(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Replace names by ids. An optional one that the account does not have is left out.

        Raises:
            UnknownLookupError: an entry that does not exist, or a name that several entries have.
        """
        resolved = dict(fields)
        for name in sorted(self.fields.keys() & fields.keys()):
            value, how = fields[name], self.fields[name]
            if value is None:
                continue
            parents = self._ids(how.within, fields.get(how.within)) if how.within else []
            ids = self._ids(name, value, parents)
            if len(ids) == 1:
                resolved[name] = ids[0]
            elif how.optional:
                del resolved[name]
            else:
                raise UnknownLookupError(name, how.label)
        return resolved

    def left_out(self, fields: Mapping[str, Value]) -> dict[str, str]:
        """Optional fields that `resolve` leaves out → why, in words for people and without values."""
        named = {name: fields.get(name) for name, how in self.fields.items() if how.optional}
        why: dict[str, str] = {}
        for name, value in named.items():
            if value is None or len(self._ids(name, value)) == 1:
                continue
            known = [entry for entry in self._kind(name) if _folded(entry.name) == _folded(value)]
            off = bool(known) and not any(entry.usable for entry in known)
            label = self.fields[name].label
            why[name] = f"the {label} is switched off" if off else f"the account has no such {label}, or several"
        return why

    def spoken(self, name: str, value: Value) -> Value:
        """The name for an id; the id itself when the account no longer knows it."""
        names = [entry.name for entry in self._kind(name) if entry.id == str(value)]
        return names[0] if names else value

    def names(self) -> dict[str, tuple[str, ...]]:
        """Look-up field → the names that the account knows and that can be used."""
        return {name: tuple(entry.name for entry in self._kind(name) if entry.usable) for name in sorted(self.fields)}

    def missing(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The names that the account lacks, per look-up field, each looked for within its wanted parents.

        Raises:
            ValueError: not a look-up field.
        """
        unknown = wanted.keys() - self.fields.keys()
        if unknown:
            raise ValueError(f"not look-up fields: {', '.join(sorted(unknown))}")
        absent: dict[str, list[str]] = {}
        for name, values in wanted.items():
            within = self.fields[name].within
            parents = [found for parent in wanted.get(within, ()) for found in self._ids(within, parent)]
            absent[name] = [value for value in values if not self._ids(name, value, parents)]
        return {name: values for name, values in absent.items() if values}

    def require(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that every name exists.

        Raises:
            DestinationError: names all that do not.
        """
        missing = self.missing(wanted)
        if missing:
            listed = "; ".join(
                f"{self.fields[name].label}: {', '.join(values)}" for name, values in sorted(missing.items())
            )
            raise DestinationError(
                f"The {self.crm} account lacks {listed}.",
                "Create them in the account, or change the names in the mapping.",
            )

    def _kind(self, name: str) -> list[Entry]:
        return self.entries[self.fields[name].kind]

    def _ids(self, name: str, value: Value, parents: Sequence[str] = ()) -> list[str]:
        wanted = _folded(value)
        return [
            entry.id
            for entry in self._kind(name)
            if entry.usable and _folded(entry.name) == wanted and (not parents or entry.parent in parents)
        ]


def _folded(value: Value) -> str:
    return str(value).strip().casefold()
