"""Fields whose values are ids in HighLevel and names for people: pipelines, stages, users, calendars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Value
from perio_pipeline.errors import DestinationError

PIPELINE = "pipelineId"
STAGE = "pipelineStageId"
CALENDAR = "calendarId"
USERS = frozenset({"assignedTo", "assignedUserId", "userId"})
FIELDS = frozenset({PIPELINE, STAGE, CALENDAR}) | USERS

_LABELS = {PIPELINE: "pipeline", STAGE: "pipeline stage", CALENDAR: "calendar"} | dict.fromkeys(USERS, "user")


class UnknownLookupError(Exception):
    """A look-up value that the account does not have; the record is refused before anything is sent."""

    def __init__(self, name: str) -> None:
        self.field = name
        super().__init__(f"{name}: the account has no such {_LABELS[name]}, or several")


@dataclass(frozen=True)
class Entry:
    """Something that has an id and a name; `parent` is a stage's pipeline."""

    id: str
    name: str
    parent: str = ""


@dataclass
class Lookups:
    """The account's entries per kind. Names match whatever their case, as the CRM compares them itself."""

    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def add_pipelines(self, pipelines: Iterable[JsonObject]) -> None:
        """Take pipelines and their stages from the CRM's list."""
        for pipeline in pipelines:
            entry = _entry(pipeline, "name")
            self.entries[PIPELINE].append(entry)
            stages = [stage for stage in pipeline.get("stages") or [] if isinstance(stage, dict)]
            self.entries[STAGE] += [_entry(stage, "name", entry.id) for stage in stages]

    def add_users(self, users: Iterable[JsonObject]) -> None:
        """Take users from the CRM's list; they go by e-mail."""
        self.entries["user"] += [_entry(user, "email") for user in users]

    def add_calendars(self, calendars: Iterable[JsonObject]) -> None:
        """Take calendars from the CRM's list."""
        self.entries[CALENDAR] += [_entry(calendar, "name") for calendar in calendars]

    def resolve(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        """Replace names by ids. A user whom the account does not have is left out.

        Raises:
            UnknownLookupError: a pipeline, stage or calendar that does not exist, or a stage name in several pipelines.
        """
        resolved = dict(fields)
        for name in sorted(FIELDS & fields.keys()):
            value = fields[name]
            if value is None:
                continue
            parents = self._ids(PIPELINE, fields.get(PIPELINE)) if name == STAGE else []
            ids = self._ids(name, value, parents)
            if len(ids) == 1:
                resolved[name] = ids[0]
            elif name in USERS:
                del resolved[name]
            else:
                raise UnknownLookupError(name)
        return resolved

    def spoken(self, name: str, value: Value) -> Value:
        """The name for an id; the id itself when the account no longer knows it."""
        names = [entry.name for entry in self._kind(name) if entry.id == value]
        return names[0] if names else value

    def names(self) -> dict[str, tuple[str, ...]]:
        """Look-up field → the names that the account knows."""
        return {name: tuple(entry.name for entry in self._kind(name)) for name in sorted(FIELDS)}

    def missing(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The names that the account lacks, per look-up field. Stages are looked for in the wanted pipelines.

        Raises:
            ValueError: not a look-up field.
        """
        unknown = wanted.keys() - FIELDS
        if unknown:
            raise ValueError(f"not look-up fields: {', '.join(sorted(unknown))}")
        parents = [found for name in wanted.get(PIPELINE, ()) for found in self._ids(PIPELINE, name)]
        absent = {
            name: [value for value in values if not self._ids(name, value, parents if name == STAGE else [])]
            for name, values in wanted.items()
        }
        return {name: values for name, values in absent.items() if values}

    def require(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that every name exists.

        Raises:
            DestinationError: names all that do not.
        """
        missing = self.missing(wanted)
        if missing:
            listed = "; ".join(f"{_LABELS[name]}: {', '.join(values)}" for name, values in sorted(missing.items()))
            raise DestinationError(
                f"The HighLevel account lacks {listed}.",
                "Create them in the account, or change the names in the mapping.",
            )

    def _kind(self, name: str) -> list[Entry]:
        return self.entries["user" if name in USERS else name]

    def _ids(self, name: str, value: Value, parents: Sequence[str] = ()) -> list[str]:
        wanted = _folded(value)
        return [
            entry.id
            for entry in self._kind(name)
            if _folded(entry.name) == wanted and (not parents or entry.parent in parents)
        ]


def _entry(record: JsonObject, name: str, parent: str = "") -> Entry:
    return Entry(str(record.get("id") or record.get("_id") or ""), str(record.get(name) or ""), parent)


def _folded(value: Value) -> str:
    return str(value).strip().casefold()
