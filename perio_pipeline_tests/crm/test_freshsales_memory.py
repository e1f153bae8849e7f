"""A contact that was read a moment ago need not be read again to keep the accounts that it has."""

from __future__ import annotations

from perio_pipeline.crm.freshsales.memory import FRESH_CONTACTS, FRESH_SECONDS, Memory

ACCOUNTS = [{"id": "7", "is_primary": True}]


def test_what_was_just_read_is_told_once() -> None:
    memory = Memory(clock=lambda: 100.0)
    memory.read_accounts("1", ACCOUNTS)
    assert memory.fresh_accounts("1") == ACCOUNTS
    assert memory.fresh_accounts("1") is None
    memory.read_accounts("1", [])
    assert memory.fresh_accounts("1") == []


def test_after_a_while_it_is_read_again() -> None:
    now = [100.0]
    memory = Memory(clock=lambda: now[0])
    memory.read_accounts("1", ACCOUNTS)
    now[0] += FRESH_SECONDS
    assert memory.fresh_accounts("1") is None


def test_it_does_not_grow_with_the_practice() -> None:
    memory = Memory(clock=lambda: 100.0)
    for number in range(FRESH_CONTACTS + 1):
        memory.read_accounts(str(number), ACCOUNTS)
    assert memory.fresh_accounts("0") is None
    assert memory.fresh_accounts("1") == ACCOUNTS
