"""A destination's mapping file as typed objects: the single list of what arrives in the CRM, from where, and how.

Shaping, the schema plan, the field-level diff, population rates and the column lists in Dagster are derived from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.mapping.switches import Switches
from perio_pipeline.yamlfile import Entry

PLACEHOLDER = re.compile(r"\{([a-z0-9_]+(?:\.[a-z0-9_]+)?)(?:\|([a-z_]+))?\}")
"""`{column}`, `{join.column}` or either with `|transform`, in a template."""

TransformName = Literal[
    "text",
    "words",
    "email",
    "phone",
    "unusable_phone",
    "date",
    "year",
    "timestamp",
    "instant",
    "number",
    "note_text",
    "note_html",
    "flag",
]

RICH = "note_html"
"""The transform that makes HTML; every other value is text."""

WAS = "{was}"
"""In an entry of `deleted`: what we last wrote to the field."""


class Switched(Entry):
    """An entry that holds for some practices only (`mapping/switches.py`).

    Attributes:
        needs: the switch that must be on.
        unless: the switch that must be off.
    """

    needs: str | None = None
    unless: str | None = None

    def unmet(self, switches: Switches) -> str | None:
        """Return the switch because of which the entry does not hold; None where it does."""
        if self.needs and not switches[self.needs].on:
            return self.needs
        return self.unless if self.unless and switches[self.unless].on else None


class FieldMap(Switched):
    """One destination field.

    Attributes:
        source: `column` of the object's rows or `join.column`.
        template: text with placeholders; a line whose placeholders are all empty is left out.
        each: in an object with `gather`: a template that is filled for every row, beneath `template`.
        value: the same for every record.
        format: `html` where the CRM takes rich text: the template is HTML then, and values in it are escaped, but for
            those that `note_html` makes, each on a line of its own.
        transform: how the source value becomes the CRM's; `text` unless said otherwise.
        choices: canonical code → the CRM's label; a code not listed is an error.
        lookup: the value names something in the account (stage, user, calendar) that the adapter turns into an id.
        otherwise: what is sent where PANDA has no value and the CRM demands one.
        plus_minutes: a column of minutes added to a time before it is transformed.
        shared_from: for a field that must be unique in the CRM: the columns, best first, one of which it takes.
        withheld_to: the custom fields that hold those values where another record holds them already.
        type, label: of a custom field in the CRM.
        limit: characters the CRM takes; longer values fail before anything is sent.
        why: what it is for, with the requirement's id.
    """

    source: str | None = Field(None, alias="from")
    template: str | None = None
    each: str | None = None
    value: str | bool | None = None
    format: Literal["text", "html"] = "text"
    transform: TransformName = Field("text", alias="as")
    choices: dict[str, str] = Field(default_factory=dict)
    lookup: bool = False
    otherwise: int | str | None = None
    plus_minutes: str | None = None
    shared_from: tuple[str, ...] = ()
    withheld_to: tuple[str, ...] = ()
    type: FieldType = FieldType.TEXT
    label: str = ""
    limit: int | None = None
    why: str = ""

    @model_validator(mode="before")
    @classmethod
    def _source_alone(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMap:
        if [self.source, self.template, self.value].count(None) != 2:
            raise ValueError("exactly one of `from`, `template` and `value` must be given")
        if self.each and self.template is None:
            raise ValueError("`each` stands beneath a `template`, which is the text's beginning")
        return self

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(column, transform) of every source column the field is made from."""
        if self.source:
            extra = [(self.plus_minutes, "number")] if self.plus_minutes else []
            return [(self.source, self.transform), *extra]
        templates = f"{self.template or ''}{self.each or ''}"
        return [(name, transform or "text") for name, transform in PLACEHOLDER.findall(templates)]


class Join(Entry):
    """A frame whose columns are at hand as `alias.column`.

    Attributes:
        frame: the asset it comes from, such as `validated/provider`.
        on: column of the rows (or `alias.column` of an earlier join) → column of the frame.
        where: rows of the frame that count: those with this value, or one of these.
        latest: where several rows match, the one with the greatest value here counts.
    """

    frame: str
    on: dict[str, str]
    where: dict[str, str | int | tuple[str | int, ...]] = Field(default_factory=dict)
    latest: str | None = None


class Select(Entry):
    """A condition on rows. Those that do not meet it are left out, with a reason.

    Attributes:
        column: what is looked at.
        among: the values that pass; when empty, any value passes but none does not.
        since, before: the switch with a date: rows from that day on pass, or those before it. Without the date the
            condition does not hold; what has no value counts as later. In an effective mapping it is the date itself.
        reason: why a row is left out: a word, or `=column` to take it from there.
        category: what being left out means: `skipped` by policy, `merged` into another record, `elsewhere`: it arrives
            as another object, or `unavailable`: there is nothing to send.
    """

    column: str
    among: tuple[str, ...] = ()
    since: str | date | None = None
    before: str | date | None = None
    reason: str
    category: Literal["skipped", "merged", "elsewhere", "unavailable"] = "skipped"

    @model_validator(mode="after")
    def _one_condition(self) -> Select:
        if sum((bool(self.among), self.since is not None, self.before is not None)) > 1:
            raise ValueError("only one of `among`, `since` and `before` can be given")
        return self


class Link(Switched):
    """A reference to a record of another object.

    Attributes:
        object: the other object.
        by: the column that holds its source key.
        required: a record without it cannot be loaded.
        label: of the custom look-up field that carries the link, where the CRM has no field of its own for it.
        through: another link of the object: a record that is carried by it belongs to this link's record through it.
    """

    object: str
    by: str
    required: bool = True
    label: str = ""
    through: str = ""


class Mark(Entry):
    """How a record is found again after a lost response.

    Attributes:
        field: the field that carries the mark.
        text: template of the mark, put on a line of its own at the end of the field's text; when missing, the field's
            whole value is the mark.
    """

    field: str
    text: str | None = None


class Split(Entry):
    """A long text is cut into several records of at most `limit` characters, marked `Part i of n`.

    The first keeps the record's key, so that a text that grows or shrinks keeps its records; the others go by `key#i`.
    """

    field: str
    limit: int


class Gather(Entry):
    """Several rows make one record.

    Attributes:
        by: what the rows of a record have in common, as `column` or `column|transform`; it forms the source key.
        order: the columns that say in which order the rows stand.
    """

    by: tuple[str, ...] = Field(min_length=1)
    order: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, str]]:
        """(column, transform) of each part of the source key."""
        return [(column, transform or "text") for column, _, transform in (part.partition("|") for part in self.by)]


class Match(Entry):
    """Which fields tell that the CRM may hold a record already: those of a person, or the name of a practice.

    Each role names fields of the object, the first of which counts most; a field that only other objects of the same
    model map is looked at in the CRM's records.

    Attributes:
        first_name: the first name; further fields hold names that the person also goes by.
        last_name, middle_name, suffix, birth_date: of a person.
        name: of a practice.
        phone, email, street, postal_code: shared contact data supports a name and never replaces it.
    """

    first_name: tuple[str, ...] = ()
    middle_name: tuple[str, ...] = ()
    last_name: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    birth_date: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    street: tuple[str, ...] = ()
    postal_code: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _person_or_practice(self) -> Match:
        names = [bool(self.name), bool(self.first_name), bool(self.last_name)]
        if names not in ([True, False, False], [False, True, True]):
            raise ValueError("either `first_name` and `last_name` must be given, or `name`")
        return self

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """Role → its fields; roles without any are left out."""
        return {role: fields for role, fields in self if fields}


FILE_NAME, FILE_HASH, FILE_BYTES, FILE_URL = "file_name", "sha256", "bytes", "url"
"""The fields of a file, the same for every CRM."""


class FileMap(Entry):
    """What makes an object one of files: where each file lies, and what is said of it.

    Attributes:
        name: the file's name without its ending, which comes from its type; its lines become one, and the object's mark
            is put behind it.
        path, content_type: columns that say where the file lies and what it is.
        sha256, bytes: columns with what its content must be in the CRM.
        url: column with the address that is sent instead of a file.
        field: the custom field of the object's model that holds the file, where the CRM keeps files in fields.
        label: what people read there.
    """

    name: FieldMap
    path: str
    content_type: str
    sha256: str
    bytes: str
    url: str = ""
    field: str = ""
    label: str = ""

    def fields(self) -> dict[str, FieldMap]:
        """The file's fields, which are compared like any other."""
        linked = {FILE_URL: FieldMap.model_validate(self.url)} if self.url else {}
        return {
            FILE_NAME: self.name,
            FILE_HASH: FieldMap.model_validate(self.sha256),
            FILE_BYTES: FieldMap.model_validate({"from": self.bytes, "as": "number"}),
            **linked,
        }


class ObjectMap(Switched):
    """One destination object: its rows, its fields and its links.

    Attributes:
        requirement: ids of the rows of the requirements it fulfils.
        model: the CRM entity that carries its custom fields.
        rows: the frame with one row per record.
        key: the column (or columns) of the rows that form the source key.
        gather: makes one record of several rows; what is not gathered by `each` is that of the first one.
        account: which of the destination's accounts a record goes to: that of its `patient`, every account that
            needs it (`linked`), or each one (`every`).
        patient: the column that says whose record it is.
        order: the column in whose order the records of one parent are made, where the CRM shows them by the time they
            were made.
        mark: how the record is found again.
        match: how records that the CRM held before are recognised; without it, none are looked for.
        deleted: what a record says, by field, that PANDA has deleted; `{was}` is what we last wrote there. Without it
            the record is only reported.
        file: for objects of files.
        findings: the frame of the practice's own findings; each one that its file declares becomes a custom field.
    """

    requirement: tuple[str, ...]
    description: str
    model: str
    rows: str
    key: tuple[str, ...]
    account: Literal["patient", "linked", "every"] = "patient"
    patient: str = "patient_id"
    order: str = ""
    join: dict[str, Join] = Field(default_factory=dict)
    select: tuple[Select, ...] = ()
    mark: Mark
    match: Match | None = None
    deleted: dict[str, str] = Field(default_factory=dict)
    split: Split | None = None
    gather: Gather | None = None
    file: FileMap | None = None
    findings: str = ""
    links: dict[str, Link] = Field(default_factory=dict)
    fields: dict[str, FieldMap] = Field(default_factory=dict)
    custom: dict[str, FieldMap] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _key_alone(cls, data: Any) -> Any:
        if isinstance(data, dict):
            data = dict(data)
            for name in ("key", "requirement"):
                if isinstance(data.get(name), str):
                    data[name] = [data[name]]
        return data

    def all_fields(self) -> Iterator[tuple[str, FieldMap]]:
        """Standard fields, then those of a file, then custom ones."""
        yield from self.fields.items()
        yield from self.file.fields().items() if self.file else ()
        yield from self.custom.items()

    def frames(self) -> list[str]:
        """Every frame the object is made from, once."""
        own = [self.findings] if self.findings else []
        return list(dict.fromkeys([self.rows, *(join.frame for join in self.join.values()), *own]))


class Absence(Entry):
    """What it means that an object is not loaded for a practice, as a category of rows left out and its reason."""

    category: Literal["skipped", "elsewhere"]
    reason: str


OWN = "destination"
"""First part of the names of frames that each destination has for itself."""


class Mapping(Entry):
    """A destination's mapping file. Objects stand in the order in which they are loaded: parents first."""

    destination: str
    objects: dict[str, ObjectMap]

    def asset_key(self, frame: str) -> list[str]:
        """Return the key of the asset that makes a frame; `destination/…` is the destination's own."""
        stage, _, name = frame.partition("/")
        return [self.destination if stage == OWN else stage, name]

    def present(self) -> dict[str, ObjectMap]:
        """The objects that are loaded: in a file all of them, in an effective mapping those whose switches hold."""
        return self.objects

    def matched(self) -> dict[str, Match]:
        """Object → how its records are recognised, for those of which the CRM may hold some already."""
        return {name: obj.match for name, obj in self.present().items() if obj.match}

    def absence(self, name: str) -> Absence | None:
        """Why an object's rows are not loaded; None where they are."""
        return None

    def relations(self, name: str) -> dict[str, Link]:
        """An object's links, and those that are not sent but still say which records belong together."""
        return self.objects[name].links

    def switches(self) -> set[str]:
        """The names of all switches that any entry goes by."""
        named: set[str | None] = set()
        for obj in self.objects.values():
            for entry in (obj, *obj.links.values(), *obj.fields.values(), *obj.custom.values()):
                named |= {entry.needs, entry.unless}
            named |= {str(each) for condition in obj.select for each in (condition.since, condition.before) if each}
        return {name for name in named if name}

    def field_specs(self) -> list[FieldSpec]:
        """The custom fields the CRM must have, once each."""
        specs: dict[tuple[str, str], FieldSpec] = {}
        for obj in self.present().values():
            for name, field in obj.custom.items():
                labels = [*field.choices.values(), obj.deleted.get(name) if field.choices else None]
                options = tuple(dict.fromkeys(label for label in labels if label))
                specs[obj.model, name] = FieldSpec(obj.model, name, field.type, field.label, options)
            if obj.file and obj.file.field:
                spec = FieldSpec(obj.model, obj.file.field, FieldType.FILE, obj.file.label)
                specs[obj.model, obj.file.field] = spec
            for name, link in obj.links.items():
                if link.label:
                    target = self.objects[link.object].model
                    specs[obj.model, name] = FieldSpec(obj.model, name, FieldType.LOOKUP, link.label, target=target)
        return list(specs.values())

    def lookups(self) -> dict[str, set[str]]:
        """Look-up field → the names known from the mapping itself: constants and choices."""
        wanted: dict[str, set[str]] = {}
        for obj in self.present().values():
            for name, field in obj.all_fields():
                if field.lookup and (field.value or field.choices):
                    names = set(field.choices.values()) or {str(field.value)}
                    wanted.setdefault(name, set()).update(names)
        return wanted

    def frames(self) -> list[str]:
        """Every frame any object is made from, once."""
        return list(dict.fromkeys(frame for obj in self.objects.values() for frame in obj.frames()))
