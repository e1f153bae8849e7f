"""What every CRM adapter promises to the loader, in words that name no CRM.

An adapter knows HTTP and one CRM's rules. It is asked to write payloads, to read records back, and to look for a record
by its mark when a response was lost. It never sees pandas, PANDA's tables or Dagster, and it never decides what is to
be written. Standard fields go by the CRM's own API names, custom fields by the migration's stable names
(`Last_Exam_Date__c`); the adapter alone knows the CRM's ids for them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from perio_pipeline.crm.setup import SetUp
from perio_pipeline.errors import DestinationError

Value = str | int | float | bool | tuple[str, ...] | None
"""A field's value as written or read back; dates are ISO text, choices are labels, lists are tuples."""


Behaviour = bool | int | str
"""How an account behaves in one respect: yes or no, a number, or one of several words."""


class FieldType(StrEnum):
    """Types of custom fields, as the mapping files name them; each adapter translates them."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    PHONE = "phone"
    DATE_TIME = "date_time"
    MULTI_CHOICE = "multi_choice"
    CHECKBOX = "checkbox"
    FILE = "file"  # holds files, which are records of an object of their own
    LOOKUP = "lookup"  # holds the id of another record; payloads carry it as a link


@dataclass(frozen=True)
class FieldSpec:
    """A custom field the mapping needs in the CRM.

    Attributes:
        model: the CRM entity that carries it, such as `contact` or `opportunity`.
        name: the migration's stable name.
        type: what it holds.
        label: what people read.
        options: the choices of a CHOICE or MULTI_CHOICE field, in order.
        target: the entity that a LOOKUP field points to.
    """

    model: str
    name: str
    type: FieldType
    label: str
    options: tuple[str, ...] = ()
    target: str = ""


class Made(StrEnum):
    """What `create_fields` makes."""

    FIELD = "field"
    MODULE = "module"  # the custom module that carries fields; removing it takes its fields along


@dataclass(frozen=True)
class CreatedField:
    """Something that `create_fields` made in the account, with all that `remove_fields` needs to undo it.

    Attributes:
        model: the CRM entity that carries it; of a module, the module itself.
        name: the field's stable name; of a module, its entity name.
        crm_id: the CRM's id.
        kind: what it is.
    """

    model: str
    name: str
    crm_id: str
    kind: Made = Made.FIELD


@dataclass(frozen=True)
class KeptField:
    """Something that `remove_fields` left in the account; `reason` says why and what a person can do about it."""

    created: CreatedField
    reason: str


class CreationLog(Protocol):
    """Is told of every creation of `create_fields` as it happens, so that none is forgotten where the process dies.

    Of a creation that was begun and neither done nor refused, nobody knows whether it happened.
    """

    def begun(self, kind: Made, model: str, name: str) -> None:
        """It is about to be asked for."""
        ...

    def done(self, created: CreatedField) -> None:
        """The account has it."""
        ...

    def refused(self, kind: Made, model: str, name: str, reason: str) -> None:
        """The account did not take it; `reason` holds no values."""
        ...


class Unlogged:
    """A `CreationLog` for throwaways, of which nothing is kept."""

    def begun(self, kind: Made, model: str, name: str) -> None:
        """Keep nothing."""

    def done(self, created: CreatedField) -> None:
        """Keep nothing."""

    def refused(self, kind: Made, model: str, name: str, reason: str) -> None:
        """Keep nothing."""


UNLOGGED = Unlogged()


class Fit(StrEnum):
    """How an account stands to something that the mapping needs."""

    THERE = "there"  # and as it should be
    MISSING = "missing"
    DIFFERS = "differs"  # it is there in another form


@dataclass(frozen=True)
class Standing:
    """How an account stands to one custom field, or to the custom module that carries some.

    Attributes:
        kind: what it is.
        model, name: as in `CreatedField`.
        fit: what was found.
        crm_id: the CRM's id of what is there; empty where nothing is, or several are.
        problem: how it differs.
        by_hand: why only an admin can create it; empty where the API does.
        spec: the field, where it is one.
    """

    kind: Made
    model: str
    name: str
    fit: Fit
    crm_id: str = ""
    problem: str = ""
    by_hand: str = ""
    spec: FieldSpec | None = None

    @property
    def called(self) -> str:
        """What to call it in a message: the field with its model and, where it differs, its label."""
        label = self.spec.label if self.spec else ""
        return f"{self.model} field {self.name}" + (f" ({label})" if label and label != self.name else "")


def missing_of(standings: Sequence[Standing], crm: str, remedy: str) -> list[FieldSpec]:
    """Return the fields that an account lacks.

    Raises:
        DestinationError: lists every field that is there in another form; its remedy is `remedy`.
    """
    faults = [f"{each.called} {each.problem}" for each in standings if each.fit is Fit.DIFFERS]
    if faults:
        raise DestinationError(
            f"Custom fields of the {crm} account do not fit the mapping: {'; '.join(faults)}.", remedy
        )
    return [each.spec for each in standings if each.fit is Fit.MISSING and each.spec]


@dataclass(frozen=True)
class Attachment:
    """A file to upload with a record, read only when it is sent; or the address of one that is linked instead.

    Attributes:
        name: what it is called in the CRM.
        content_type: MIME type.
        path: where it lies on this machine; empty for a link.
        sha256: of its content, in hex; empty for a link.
        url: the address of a file that stays where it is; empty for an upload.
        field: the custom field that holds it, by its stable name, where the CRM keeps files in fields.
    """

    name: str
    content_type: str
    path: str
    sha256: str
    url: str = ""
    field: str = ""


UNREAD = "not read back"
"""Stands in a snapshot for a value that the account is not to be asked for."""


@dataclass(frozen=True)
class FileLimits:
    """What an account takes: bytes of one file, and bytes of all files together; None where it does not say."""

    file: int | None = None
    room: int | None = None


@dataclass(frozen=True)
class Payload:
    """One record to write.

    Attributes:
        object: the mapping's object name, such as `contacts`.
        source_key: the record's key in PANDA.
        fields: standard fields by API name. Values of look-up fields (stage, owner, calendar) are what a person would
            say (the stage's name, the user's e-mail); the adapter turns them into ids.
        custom: custom fields by stable name.
        links: field → CRM id of a record that is already loaded, such as `contactId`.
        mark_field: the field (standard or custom) that carries the mark, in whole or as a part of its text.
        mark: text that names this record and no other; `find` looks for it.
        attachment: the file, for objects that are files.
        unlinked: links that the record does not have any more; an update takes them away.
        elsewhere: records that it does not hang on, but may have been put on by an earlier run, when the account was
            set up in another way; `find` looks there as well.
    """

    object: str
    source_key: str
    fields: Mapping[str, Value]
    custom: Mapping[str, Value]
    links: Mapping[str, str]
    mark_field: str
    mark: str
    attachment: Attachment | None = None
    unlinked: frozenset[str] = frozenset()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ref:
    """Where a record lies in the CRM. `parent_id` is the record in whose path it lives (a note's contact), if any."""

    object: str
    crm_id: str
    parent_id: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """A record as the CRM holds it now, in the names of `Payload`; look-ups in people's words.

    A file has `file_name`, and `sha256` and `bytes` of its content, or `url` where it is linked.
    """

    ref: Ref
    fields: Mapping[str, Value]
    custom: Mapping[str, Value]
    links: Mapping[str, str]


class Status(StrEnum):
    """What is known after a write."""

    DONE = "done"  # the CRM said so
    REFUSED = "refused"  # the CRM said no, and nothing was written
    UNKNOWN = "unknown"  # no answer, or one that does not exclude that it was written: look before sending again


@dataclass(frozen=True)
class Outcome:
    """The result of writing one payload.

    Attributes:
        status: what is known.
        ref: where the record lies; set when DONE.
        code: machine-readable reason, such as `http_422`, `duplicate`, `timeout`.
        reason: the CRM's words with every value taken out; safe to log.
        trace_id: the CRM's id for the request; support asks for it.
    """

    status: Status
    ref: Ref | None = None
    code: str = ""
    reason: str = ""
    trace_id: str = ""


@dataclass(frozen=True)
class AccountSettings:
    """What is needed to open an account: `open_account(settings)` of each CRM's package takes it.

    Attributes:
        url: the API's address.
        account_id: the CRM's id of the account or location.
        token: the secret that opens it; never shown.
        time_scale: how many times faster than real time the CRM's clock runs (a sandbox's may).
        plan: the CRM's plan tier, where limits depend on it.
        users: how many users the plan is paid for; None where that is not known.
        capabilities: named behaviours of this account that loading depends on, where they differ from the defaults.
        set_up: where what it says of its set-up is kept for later runs; None for nowhere.
    """

    url: str
    account_id: str
    token: str = field(repr=False)
    time_scale: float = 1
    plan: str = ""
    users: int | None = None
    capabilities: Mapping[str, Behaviour] = field(default_factory=dict)
    set_up: SetUp | None = None


@dataclass(frozen=True)
class AccountInfo:
    """The account the token opened.

    Attributes:
        id: the CRM's id of the account or location.
        name: its name, for people.
        country: ISO-2 country that national phone numbers belong to.
        time_zone: IANA name.
        capabilities: named behaviours of this account that loading depends on, such as `allow_duplicate_contact`.
        lookups: look-up field (such as `assignedTo`) → the names it knows (such as the users' e-mails).
        lengths: object → field → the most characters that it takes, as far as that is known.
    """

    id: str
    name: str
    country: str
    time_zone: str
    capabilities: Mapping[str, Behaviour] = field(default_factory=dict)
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass
class RequestStats:
    """Requests since the adapter was opened; counted per attempt, since each one costs quota."""

    requests: int = 0
    writes: int = 0
    rate_limited: int = 0


class Adapter(Protocol):
    """One CRM account. Use as an async context manager; `connect` comes before anything else."""

    stats: RequestStats

    async def __aenter__(self) -> Adapter:
        """Open the connection pool."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        ...

    async def connect(self) -> AccountInfo:
        """Check token, account and scopes, and read the ids of look-ups.

        Raises:
            DestinationError: unreachable, wrong token, wrong account or missing scope, with what to do.
        """
        ...

    async def missing_fields(self, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
        """Resolve the custom fields the mapping needs and return those the account lacks.

        Raises:
            DestinationError: a field exists with another type or lacks options; it says which and what would be right.
        """
        ...

    async def standings(self, wanted: Sequence[FieldSpec]) -> list[Standing]:
        """Compare the account with the custom fields that the mapping needs, and with the modules that carry them.

        Modules come before their fields. It is the account's state of this moment that counts, and nothing changes.

        Raises:
            DestinationError: no usable answer, or the plan has no custom modules though it is said to.
        """
        ...

    async def create_fields(self, missing: Sequence[FieldSpec], log: CreationLog = UNLOGGED) -> list[CreatedField]:
        """Create custom fields, and what carries them; returns all that was made, in that order.

        Raises:
            DestinationError: the account refuses one, or cannot create them at all; `log` knows what was made before.
        """
        ...

    async def holders(self, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
        """CRM ids of the records in which each of these fields holds a value, or that lie in each of these modules.

        None where no list of the account tells. A field that is gone has none.

        Raises:
            DestinationError: no usable answer after all attempts.
        """
        ...

    async def remove_fields(self, created: Sequence[CreatedField]) -> list[KeptField]:
        """Undo `create_fields`, with the values that the fields hold in all records; returns what could not be removed.

        Something that is already gone counts as removed. Never raises for one field's sake.

        Raises:
            DestinationError: the account as a whole refuses, or does not tell what is left.
        """
        ...

    def missing_lookups(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Of the names that the mapping will send in look-up fields, those that the account lacks, per field."""
        ...

    def require_lookups(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Check that the values of look-up fields exist in the account.

        Args:
            wanted: look-up field (such as `pipelineStageId`) → the names the mapping will send.

        Raises:
            DestinationError: names every missing one.
        """
        ...

    def batch_size(self, obj: str) -> int:
        """How many payloads of an object one request can carry."""
        ...

    def batch_key(self, payload: Payload) -> str:
        """Payloads with the same key may share a request."""
        ...

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records; one outcome per payload, in order. Never raises for one record's sake.

        Raises:
            DestinationError: the account as a whole refuses (token revoked, daily quota spent).
        """
        ...

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set the payload's fields on an existing record; fields it does not name stay as they are."""
        ...

    def deletes(self, obj: str) -> bool:
        """Whether records of an object can be deleted on their own; others go only with the record they hang on."""
        ...

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record; one that is already gone is DONE."""
        ...

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """CRM ids of what would go, or lose its place, with each of these records, whoever made it.

        Records of which nothing hangs, or of which the CRM cannot tell, are left out.
        """
        ...

    def read_size(self, obj: str) -> int:
        """How many references of an object one `read` is best given: very many where lists show them."""
        ...

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back as the CRM holds them now, with as few requests as it allows; absent ones are left out."""
        ...

    async def find(self, payload: Payload) -> Ref | None:
        """Look for a record by its mark. One look: the caller decides how long to keep looking, since search lags."""
        ...

    def existing(self, obj: str) -> AsyncIterator[list[Snapshot]]:
        """Walk all records of an object that the account holds, whoever made them, page by page.

        Objects of one model (a CRM's contacts may be patients, providers or referrers) share their records: each of
        them walks all of them. What the account's index does not show yet, or still shows, may be wrong by seconds.

        Raises:
            ValueError: the CRM has no list of all records of the object.
            DestinationError: no usable answer after all attempts.
        """
        ...
