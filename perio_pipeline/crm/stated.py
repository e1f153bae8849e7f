"""Checking what a practice's file states of an account's behaviour, the same for every CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from perio_pipeline.crm.protocol import Behaviour
from perio_pipeline.errors import SettingsError

_KINDS: Mapping[type, str] = {bool: "true or false", int: "a whole number", str: "a text"}


class _Behaviours(Protocol):
    """A dataclass with a default for each named behaviour."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Known = TypeVar("Known", bound=_Behaviours)


def from_stated(crm: str, kind: type[Known], stated: Mapping[str, Behaviour]) -> Known:
    """The defaults with what the practice's file states in their place.

    Raises:
        SettingsError: a name that is none, or a value that it does not have.
    """
    known = {each.name for each in fields(kind)}
    strange = sorted(stated.keys() - known)
    if strange:
        raise SettingsError(
            f"{crm} has no capability {', '.join(strange)}.", f"Use one of: {', '.join(sorted(known))}."
        )
    return kind(**stated)


def check_values(crm: str, made: _Behaviours, choices: Mapping[str, tuple[str, ...]], least: Mapping[str, int]) -> None:
    """Check the value of every behaviour.

    Args:
        crm: its name, for people.
        made: the behaviours.
        choices: those that are one of several words.
        least: the least that a number may be, where that is not 1.

    Raises:
        SettingsError: a value that the behaviour does not have.
    """
    for each in fields(made):
        value, allowed = getattr(made, each.name), choices.get(each.name)
        if allowed is not None and value not in allowed:
            raise wrong(crm, each.name, " or ".join(allowed))
        if allowed is None and type(value) is not type(each.default):
            raise wrong(crm, each.name, _KINDS[type(each.default)])
        if type(value) is int and value < (lowest := least.get(each.name, 1)):
            raise wrong(crm, each.name, f"{lowest} or more")


def wrong(crm: str, name: str, right: str) -> SettingsError:
    """The error for a value that a behaviour cannot have."""
    return SettingsError(f"The {crm} capability {name} has a value it cannot have.", f"Use {right}.")
