"""What this sandbox's own routes add to those all sandboxes have: restoring records, and the outbox."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from perio_pipeline.sandbox.common.admin import Admin, Entry
from perio_pipeline.sandbox.freshsales.removal import restored
from perio_pipeline.sandbox.freshsales.state import Sandbox


class FreshsalesAdmin(Admin):
    """The handlers, over one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self._freshsales = sandbox

    def table(self) -> tuple[Entry, ...]:
        """Method, path and handler of each route."""
        own: tuple[Entry, ...] = (("POST", "/restore", self.restore), ("GET", "/outbox", self.outbox))
        return (*super().table(), *own)

    async def restore(self, request: Request) -> Response:
        """Take a record out of the recycle bin, as a person in the CRM can: `kind`, `id`."""
        given = await request.json()
        if not restored(self._freshsales, str(given.get("kind")), int(given.get("id", 0))):
            return JSONResponse({"message": "no such record in the recycle bin"}, 404)
        self._freshsales.commit()
        return JSONResponse({"restored": given["id"]})

    async def outbox(self, _request: Request) -> Response:
        """Invitations the account would have mailed."""
        mails = [mail for account in self._freshsales.accounts.values() for mail in account["outbox"]]
        return JSONResponse({"outbox": mails})
