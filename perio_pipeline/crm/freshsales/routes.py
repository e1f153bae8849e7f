"""The Freshsales requests the adapter makes, as data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote


@dataclass(frozen=True)
class Route:
    """One operation.

    Attributes:
        method: of HTTP.
        path: with the names of its ids in braces.
        reads: it changes nothing, whatever its method.
    """

    method: str
    path: str
    reads: bool = False

    @property
    def may_miss(self) -> bool:
        """Whether "not found" is an answer; for a list of the whole account it is a fault."""
        return "{" in self.path

    def at(self, **ids: str) -> str:
        """The path with its ids filled in."""
        return self.path.format(**{name: quote(value, safe="") for name, value in ids.items()})


def _get(path: str) -> Route:
    return Route("GET", path, reads=True)


PROBE = _get("/contacts/filters")
SELECTOR = _get("/selector/{selector}")

FIELDS = _get("/settings/{module}/fields")
FORMS = _get("/settings/{module}/forms")
FIELD_CREATE = Route("POST", "/settings/{module}/forms/{form}/fields")
FIELD_DELETE = Route("DELETE", "/settings/{module}/forms/{form}/fields/{id}")
MODULE_LIST = _get("/settings/module_customizations")
MODULE_CREATE = Route("POST", "/settings/module_customizations")
MODULE_DELETE = Route("DELETE", "/settings/module_customizations/{id}")

JOB = _get("/job_statuses/{id}")
LOOKUP = _get("/lookup")
SEARCH = _get("/search")
FILTERED_SEARCH = Route("POST", "/filtered_search/{entity}", reads=True)

VIEWS = _get("/{module}/filters")
VIEW = _get("/{module}/view/{view}")

CHILDREN = _get("/{module}/{id}/{children}")
DOCUMENT_CREATE = Route("POST", "/documents")
DOCUMENT_DELETE = Route("DELETE", "/documents/{id}")
LINK_CREATE = Route("POST", "/document_links")


@dataclass(frozen=True)
class RouteSet:
    """The routes of one module; those that it lacks are None."""

    create: Route
    get: Route | None = None
    update: Route | None = None
    delete: Route | None = None
    forget: Route | None = None
    upsert: Route | None = None
    bulk: Route | None = None
    filters: Route | None = None
    view: Route | None = None
    scroll: Route | None = None


def module_routes(module: str) -> RouteSet:
    """Contacts, accounts and deals have them all."""
    return replace(
        custom_module_routes(module),
        upsert=Route("POST", f"/{module}/upsert"),
        bulk=Route("POST", f"/{module}/bulk_upsert"),
        scroll=_get(f"/{module}/scroll/{{view}}"),
    )


def custom_module_routes(module: str) -> RouteSet:
    """Custom modules have no upsert."""
    return replace(
        plain_routes(module),
        forget=Route("DELETE", f"/{module}/{{id}}/forget"),
        filters=_get(f"/{module}/filters"),
        view=_get(f"/{module}/view/{{view}}"),
    )


def plain_routes(module: str) -> RouteSet:
    """Activities are created, changed and deleted one by one."""
    return RouteSet(
        create=Route("POST", f"/{module}"),
        get=Route("GET", f"/{module}/{{id}}", reads=True),
        update=Route("PUT", f"/{module}/{{id}}"),
        delete=Route("DELETE", f"/{module}/{{id}}"),
    )
