"""Fills an account, the first time the sandbox sees it, with what its configuration says it holds."""

from perio_pipeline.sandbox.freshsales.custom_modules import add_module
from perio_pipeline.sandbox.freshsales.fields import add_custom, add_natives
from perio_pipeline.sandbox.freshsales.selectors import add_pipeline, add_selectors, add_user
from perio_pipeline.sandbox.freshsales.state import AccountState, Sandbox
from perio_pipeline.sandbox.freshsales.views import add_views

PLURALS = {"contacts": "Contacts", "sales_accounts": "Accounts", "deals": "Deals"}


def populate(sandbox: Sandbox) -> None:
    """Fill every account that has not been filled before; a restart changes nothing."""
    for account in sandbox.accounts.values():
        if not len(account["seeded"]):
            _fill(sandbox, account)
            account.put("seeded", {"id": 1})
    sandbox.commit()


def _fill(sandbox: Sandbox, account: AccountState) -> None:
    ids, behaviour, config = sandbox.ids, sandbox.behaviour, account.config
    for user in config.users:
        add_user(account, ids, user.name, user.email, active=user.active)
    add_selectors(account, ids, config)
    for pipeline in config.pipelines:
        add_pipeline(account, ids, pipeline)
    for entity, plural in PLURALS.items():
        add_natives(account, ids, behaviour, entity)
        add_views(account, ids, behaviour, entity, plural)
    add_natives(account, ids, behaviour, "sales_activities")
    for module in config.custom_modules:
        names = {"singular_name": module.singular_name, "plural_name": module.plural_name}
        given = {**names, "created_at": sandbox.stamp(account)}
        add_module(account, ids, behaviour, module.entity_name, given)
    for field in config.custom_fields:
        add_custom(account, ids, behaviour, field)
