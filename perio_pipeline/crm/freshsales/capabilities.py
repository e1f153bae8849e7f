"""How this account behaves where the published sources leave it open: one name each, a safe default, and what it means.

The numbers in brackets are the sections of the API facts (`reference/freshsales-api.md`) that leave the point open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from perio_pipeline.errors import SettingsError

CHOICES: Mapping[str, tuple[str, ...]] = {
    "bulk_key": ("external_id", "emails", "id"),
    "upsert_key": ("external_id", "emails", "none"),
    "names_as_keys": ("marked", "any"),
    "read_back": ("filtered_search", "lookup", "upsert"),
    "module_fields": ("forms", "fields"),
}


@dataclass(frozen=True)
class Capabilities:
    """One account's behaviours.

    Attributes:
        bulk_upsert: contacts, accounts and deals may be written by bulk jobs (2.4).
        bulk_key: what names a contact in a bulk job (2.4, 18.1). With `id` a job can only change what exists, so that
            contacts are created one by one.
        upsert_key: what names a contact in a single upsert (2.3, 18.1). `emails` takes over a contact that already has
            the address; with `none` contacts are created by a plain POST, which the CRM's own uniqueness guards.
        names_as_keys: accounts and deals have no external id and are upserted by name (3, 4). `marked` does so only
            where the name holds the record's mark, so that no other record can be taken over; `any` trusts the names.
        read_back: how ids are learned after a bulk job, which does not return them (2.4, 2.5): by one filtered search
            per hundred records, one look-up each, or one upsert each. Those that the first two do not show in time are
            upserted in any case.
        lookup_external_id: `/lookup` takes `f=external_id` (2.5, 18.10); if not, a filtered search is used.
        create_fields_standard: custom fields of contacts, accounts and deals can be created over the API (6.1, 18.4).
        create_fields_module: the custom module and its fields can be created over the API (5, 6.1).
        module_fields: where the custom module's fields are listed: with its `forms`, or as `fields` (6.1).
        module_prefix: the entity name is sent with `cm_` when the module is created (5, 18.11).
        field_type_codes: numeric codes of field types for creation, such as `text:1,dropdown:3`; a type without one is
            sent by its name (6.1, 18.4).
        multi_select_array: several choices are sent as an array rather than joined by `;` (6.4, 18.5).
        past_appointments: appointments may lie in the past (7, 18.6).
        note_on_appointment: a note may be attached to an appointment (8, 18.7); if not, it goes to the contact.
        rails_time_zones: time zones go by Freshsales' own names rather than IANA's (2.1, 7, 18.6).
    """

    bulk_upsert: bool = True
    bulk_key: str = "external_id"
    upsert_key: str = "external_id"
    names_as_keys: str = "marked"
    read_back: str = "filtered_search"
    lookup_external_id: bool = True
    create_fields_standard: bool = False
    create_fields_module: bool = True
    module_fields: str = "forms"
    module_prefix: bool = True
    field_type_codes: str = ""
    multi_select_array: bool = False
    past_appointments: bool = True
    note_on_appointment: bool = False
    rails_time_zones: bool = True

    def __post_init__(self) -> None:
        """Check names and values.

        Raises:
            SettingsError: a value that the capability does not have.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            allowed = CHOICES.get(each.name)
            if allowed is not None and value not in allowed:
                raise _wrong(each.name, " or ".join(allowed))
            if allowed is None and type(value) is not type(each.default):
                raise _wrong(each.name, "true or false" if isinstance(each.default, bool) else "a text")
        if self.field_type_codes and not all(_is_code(part) for part in self.field_type_codes.split(",")):
            raise _wrong("field_type_codes", "a list such as text:1,dropdown:3")

    @property
    def type_codes(self) -> dict[str, int]:
        """Field type → its numeric code."""
        parts = (part.split(":") for part in self.field_type_codes.split(",") if part)
        return {name.strip(): int(code) for name, code in parts}

    def as_mapping(self) -> dict[str, bool | str]:
        """All of them by name."""
        return asdict(self)


def capabilities_from(stated: Mapping[str, bool | str]) -> Capabilities:
    """The defaults with what the practice's file states in their place.

    Raises:
        SettingsError: a name that is none, or a value that it does not have.
    """
    known = {each.name for each in fields(Capabilities)}
    strange = sorted(stated.keys() - known)
    if strange:
        raise SettingsError(
            f"Freshsales has no capability {', '.join(strange)}.", f"Use one of: {', '.join(sorted(known))}."
        )
    return Capabilities(**stated)  # type: ignore[arg-type]  # checked when it is made


def _wrong(name: str, right: str) -> SettingsError:
    return SettingsError(f"The Freshsales capability {name} has a value it cannot have.", f"Use {right}.")


def _is_code(part: str) -> bool:
    name, _, code = part.partition(":")
    return bool(name.strip()) and code.strip().isdecimal()
