"""The invitation list: who of the practice's staff becomes a user of the CRM (F12). Staff never become contacts.

CRM users are invited by the admin, since an invitation is a login for a real person. Records are assigned to their
owners by e-mail, so the address on this list is the one that the mapping looks up: the provider's where PANDA has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from perio_pipeline.mapping.transforms import Locale, email
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.templates import csv_text, render

STAFF_COLUMNS = ("login", "first_name", "last_name", "email", "role", "provider_id", "active")
PROVIDER_COLUMNS = ("provider_id", "first_name", "last_name", "email", "role", "active")
"""What is read of the validated frames."""

PROVIDER_ROLES = {
    "periodontist": "Periodontist",
    "dds": "Dentist (DDS)",
    "dmd": "Dentist (DMD)",
    "rdh": "Hygienist (RDH)",
    "office_staff": "Office staff",
}
"""The role of a provider whose login says none."""

HEADER = ("invite", "name", "email", "role_in_practice", "suggested_crm_role", "why", "not_invited_because", "note")

NO_EMAIL = "no e-mail in PANDA"
BAD_EMAIL = "the e-mail in PANDA is not valid"
PROVIDER_LEFT = "no longer works here, says PANDA"
LOGIN_OFF = "the login to PANDA is switched off"
OWNS_NOTHING = "the provider in PANDA has no usable e-mail; without one their records get no owner in the CRM"


@dataclass(frozen=True)
class Suggestion:
    """A role in the CRM, and why. Both CRMs know an Admin and a User; an admin may decide otherwise."""

    crm_role: str
    why: str


SUGGESTIONS: tuple[tuple[tuple[str, ...], Suggestion], ...] = (
    (
        ("manager", "administrator", "owner"),
        Suggestion("Admin", "runs the office: sets up fields and users"),
    ),
    (("periodontist", "dentist"), Suggestion("User", "owns patients and treatment plans; settings are not needed")),
)
"""Words in the role → suggestion; the first that is found counts."""

EVERYONE_ELSE = Suggestion("User", "works with records; settings are not needed")


@dataclass(frozen=True)
class StaffMember:
    """One person.

    Attributes:
        name: first and last name, or the login where PANDA has none.
        email: the work e-mail to invite; empty where there is none that can be used.
        role: what the person does, in the practice's words.
        suggestion: the role in the CRM.
        reason: why the person is not to be invited; empty for those who are.
        note: what the admin should know besides.
    """

    name: str
    email: str
    role: str
    suggestion: Suggestion
    reason: str = ""
    note: str = ""


def staff_list(staff: pd.DataFrame, providers: pd.DataFrame, locale: Locale) -> list[StaffMember]:
    """Everyone with a login and every provider, once each: those to invite first.

    Args:
        staff: the validated frame `staff_user`.
        providers: the validated frame `provider`.
        locale: of the practice.
    """
    known = {person["provider_id"]: person for person in _people(providers, PROVIDER_COLUMNS, locale)}
    logins = _people(staff, STAFF_COLUMNS, locale)
    with_login = {login["provider_id"] for login in logins}
    members = [
        *(_member(login, known[login["provider_id"]]) for login in logins if login["provider_id"] in known),
        *(_member({}, person) for key, person in known.items() if key not in with_login),
        *(_member(login, {}) for login in logins if login["provider_id"] not in known),
    ]
    return sorted(_one_per_address(members), key=lambda member: bool(member.reason))


def to_csv(members: Sequence[StaffMember]) -> str:
    """The list for a spreadsheet; `invite` says yes or no."""
    return csv_text(
        HEADER,
        [
            ("no" if each.reason else "yes", each.name, each.email, each.role, each.suggestion.crm_role,
             each.suggestion.why, each.reason, each.note)
            for each in members
        ],
    )  # fmt: skip


def to_html(members: Sequence[StaffMember], practice: str, crm: str, accounts: Sequence[str]) -> str:
    """The list as a page that needs no network: boxes to tick, and apart from it who is not to be invited."""
    return render(
        "staff.html",
        practice=practice,
        words=words_of(crm),
        accounts=accounts,
        invited=[each for each in members if not each.reason],
        apart=[each for each in members if each.reason],
    )


def _people(frame: pd.DataFrame, columns: Sequence[str], locale: Locale) -> list[dict[str, Any]]:
    """Rows with None for no value; `address` is the e-mail as the mapping looks it up."""
    shown = frame.loc[:, list(columns)].assign(address=email(frame["email"], locale)).astype(object)
    rows = shown.where(shown.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _member(login: dict[str, Any], provider: dict[str, Any]) -> StaffMember:
    """A person from their login, their provider, or both; `active` without a value does not exclude anybody."""
    address = provider.get("address") or login.get("address") or ""
    if provider.get("active") is False:
        reason = PROVIDER_LEFT
    elif login.get("active") is False:
        reason = LOGIN_OFF
    elif not address:
        reason = BAD_EMAIL if provider.get("email") or login.get("email") else NO_EMAIL
    else:
        reason = ""
    role = login.get("role") or PROVIDER_ROLES.get(provider.get("role", ""), "")
    note = OWNS_NOTHING if provider and not provider.get("address") and not reason else ""
    return StaffMember(_name(login, provider), address, role, _suggestion(role), reason, note)


def _name(login: dict[str, Any], provider: dict[str, Any]) -> str:
    for source in (provider, login):
        parts = [part for part in (source.get("first_name"), source.get("last_name")) if part]
        if parts:
            return " ".join(parts)
    return str(login.get("login") or "")


def _suggestion(role: str) -> Suggestion:
    folded = role.casefold()
    return next((found for words, found in SUGGESTIONS if any(word in folded for word in words)), EVERYONE_ELSE)


def _one_per_address(members: Iterable[StaffMember]) -> list[StaffMember]:
    """A CRM user needs an address of their own: the first person with it is invited, providers before others."""
    holders: dict[str, str] = {}
    kept = []
    for member in members:
        if member.reason:
            kept.append(member)
        elif member.email in holders:
            kept.append(replace(member, reason=f"has the same e-mail as {holders[member.email]}"))
        else:
            holders[member.email] = member.name
            kept.append(member)
    return kept
