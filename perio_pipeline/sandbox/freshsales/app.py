"""Puts a Freshsales sandbox together as an ASGI application."""

from starlette.applications import Starlette

from perio_pipeline.sandbox.common.app import assemble
from perio_pipeline.sandbox.common.routing import Router
from perio_pipeline.sandbox.freshsales import (
    activities,
    appointments,
    bulk,
    crud,
    custom_modules,
    documents,
    feeds,
    fields,
    jobs,
    notes,
    products,
    search,
    selectors,
    tasks,
    views,
)
from perio_pipeline.sandbox.freshsales.admin import FreshsalesAdmin
from perio_pipeline.sandbox.freshsales.config import SandboxConfig
from perio_pipeline.sandbox.freshsales.gateway import Gateway
from perio_pipeline.sandbox.freshsales.populate import populate
from perio_pipeline.sandbox.freshsales.state import Sandbox

RESOURCES = (
    crud,
    bulk,
    jobs,
    views,
    search,
    selectors,
    fields,
    custom_modules,
    notes,
    tasks,
    appointments,
    activities,
    documents,
    products,
    feeds,
)


def create_app(config: SandboxConfig) -> Starlette:
    """The server as an ASGI application. Its state closes when the application shuts down."""
    sandbox = Sandbox(config)
    populate(sandbox)
    router = Router(operation for resource in RESOURCES for operation in resource.OPERATIONS)
    return assemble(sandbox, Gateway(sandbox, router), FreshsalesAdmin(sandbox))
