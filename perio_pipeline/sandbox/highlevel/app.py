"""Puts a sandbox together as an ASGI application."""

from starlette.applications import Starlette

from perio_pipeline.sandbox.common.admin import Admin
from perio_pipeline.sandbox.common.app import assemble
from perio_pipeline.sandbox.common.routing import Router
from perio_pipeline.sandbox.highlevel import (
    appointments,
    businesses,
    calendars,
    contact_links,
    contact_search,
    contacts,
    custom_fields,
    locations,
    notes,
    opportunities,
    opportunity_search,
    pipelines,
    tasks,
    uploads,
    users,
)
from perio_pipeline.sandbox.highlevel.config import SandboxConfig
from perio_pipeline.sandbox.highlevel.gateway import Gateway
from perio_pipeline.sandbox.highlevel.populate import populate
from perio_pipeline.sandbox.highlevel.state import Sandbox

RESOURCES = (
    contacts,
    contact_search,
    contact_links,
    notes,
    tasks,
    appointments,
    opportunities,
    opportunity_search,
    pipelines,
    businesses,
    custom_fields,
    calendars,
    locations,
    users,
    uploads,
)


def create_app(config: SandboxConfig) -> Starlette:
    """The server as an ASGI application. Its state closes when the application shuts down."""
    sandbox = Sandbox(config)
    populate(sandbox)
    router = Router(operation for resource in RESOURCES for operation in resource.OPERATIONS)
    return assemble(sandbox, Gateway(sandbox, router), Admin(sandbox))
