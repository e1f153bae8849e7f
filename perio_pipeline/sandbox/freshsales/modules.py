"""The modules whose records have fields, views and a recycle bin: three standard ones and the custom ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Module:
    """A module: its name in paths and lists, in bodies, and as a target."""

    entity: str
    one: str
    target: str
    path: str
    base_model: str
    identifiers: tuple[str, ...] = ("id",)


CONTACTS = Module(
    "contacts", "contact", "Contact", "/contacts", "Contact", ("id", "emails", "external_id", "mobile_number")
)
SALES_ACCOUNTS = Module(
    "sales_accounts", "sales_account", "SalesAccount", "/sales_accounts", "SalesAccount", ("id", "name")
)
DEALS = Module("deals", "deal", "Deal", "/deals", "Deal", ("id", "name"))
STANDARD = (CONTACTS, SALES_ACCOUNTS, DEALS)
BY_TARGET = {module.target: module for module in STANDARD}
BY_ENTITY = {module.entity: module for module in STANDARD}
BY_ONE = {module.one: module for module in STANDARD}


def custom(entity_name: str) -> Module:
    """The module behind an entity name with cm_."""
    return Module(entity_name, entity_name, entity_name, f"/custom_module/{entity_name}", "CustomModule")
