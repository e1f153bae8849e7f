"""Puts a sandbox together as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from perio_pipeline.sandbox.common.admin import Admin
from perio_pipeline.sandbox.common.gateway import BaseGateway
from perio_pipeline.sandbox.common.state import BaseSandbox


def assemble(sandbox: BaseSandbox, gateway: BaseGateway, admin: Admin) -> Starlette:
    """The server as an ASGI application. The sandbox closes when the application shuts down."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        sandbox.close()

    sandbox.checkpoint()
    routes = [Mount("/__sandbox", routes=admin.routes()), Mount("/", app=gateway)]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.sandbox = sandbox
    return app
