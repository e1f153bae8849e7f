"""The account as a whole: opening it, and reading its look-ups and field lists."""

from __future__ import annotations

from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import routes
from perio_pipeline.crm.freshsales.customfields import flat
from perio_pipeline.crm.freshsales.errors import ForbiddenError
from perio_pipeline.crm.freshsales.fieldchecks import MODULES, module_of
from perio_pipeline.crm.freshsales.lookups import SELECTORS, Selector, take_list
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import AccountInfo
from perio_pipeline.errors import DestinationError

# A person waits for the first answer, and a wrong address does not become right by repetition.
_ATTEMPTS_TO_REACH = 2


async def check_account(session: Session) -> AccountInfo:
    """Check that the key opens the account, and read its look-ups.

    Raises:
        DestinationError: what is wrong and what to do.
    """
    await _probe(session)

    async def entries(selector: Selector) -> JsonObject | None:
        try:
            answer = await session.set_up(routes.SELECTOR, routes.SELECTOR.at(selector=selector.name))
        except ForbiddenError:
            if selector.essential:
                raise
            return None
        if answer is None and selector.essential:
            raise DestinationError(
                f"{session.settings.alias} has no list of {selector.name}.",
                "Check that the address is that of a Freshsales Suite account and its API.",
            )
        return answer

    answers = await concurrently(entries, SELECTORS, len(SELECTORS))
    for selector, answer in zip(SELECTORS, answers, strict=True):
        take_list(session.lookups, selector, answer, all_usable=session.capabilities.inactive_owners)
    return AccountInfo(
        id=session.settings.alias,
        name=session.settings.alias,
        country="",
        time_zone="",
        capabilities=session.capabilities.as_mapping(),
        lookups=session.lookups.names(),
        lengths=session.lengths(),
    )


async def _probe(session: Session) -> None:
    """Whether the key opens the account, and whether it is still the one that is remembered.

    The probe asks for the views of contacts: their ids are another account's own, and reading back needs them.
    """
    path = routes.PROBE.path
    answer = await session.remembered(routes.PROBE, path, connects=_ATTEMPTS_TO_REACH)
    if session.memory.knows(path) and session.memory.said(path) != answer:
        session.memory.forget()
    session.memory.keep(path, answer)


async def read_fields(session: Session, model: str) -> None:
    """Read all fields of a model; none when the account lacks the custom module.

    Where a custom module's fields are not found as the settings say, the other way is tried: a module must not be taken
    for missing.

    Raises:
        DestinationError: the plan has no custom modules though the settings say so, or no usable answer.
    """
    ways = [(routes.FIELDS, "fields")]
    if model not in MODULES:
        ways.insert(session.capabilities.module_fields == "fields", (routes.FORMS, "forms"))
    found: list[JsonObject] = []
    for route, key in ways:
        try:
            answer = await session.set_up(route, route.at(module=module_of(model)))
        except ForbiddenError as error:
            if model in MODULES:
                raise
            raise no_modules(session) from error
        listed = (answer or {}).get(key)
        found = flat(listed) if isinstance(listed, list) else []
        if found:
            break
    session.account_fields[model] = found
    session.labels[model] = {
        str(item.get("label") or "").strip().casefold(): str(item["name"]) for item in found if item.get("name")
    }


def no_modules(session: Session) -> DestinationError:
    """The error for an account that has no custom modules."""
    return DestinationError(
        f"{session.settings.alias} cannot hold treatment-plan lines, since its plan has no custom modules.",
        "State the account's real plan in the practice's file, so that the lines become a note on their deal; or move "
        "the account to the Enterprise plan.",
    )
