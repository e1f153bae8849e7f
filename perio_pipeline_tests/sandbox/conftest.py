"""Fixtures for the HighLevel sandbox: an in-process client per configuration, and a contact to hang things on."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from perio_pipeline.sandbox.highlevel.app import create_app
from perio_pipeline.sandbox.highlevel.config import Behaviour, SandboxConfig
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN, demo_config


class Api:
    """A synchronous client of one in-process sandbox, with a valid token and version unless told otherwise."""

    location = LOCATION_ID

    def __init__(self, config: SandboxConfig) -> None:
        self.app = create_app(config)
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=self.app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.headers = {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28"}

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = more.pop("headers", self.headers)
        return self._runner.run(self._client.request(method, path, json=json, headers=headers, **more))

    def contact(self, **body: Any) -> dict[str, Any]:
        given = {"locationId": LOCATION_ID, "firstName": "Ann", "lastName": "Reed"} | body
        reply = self("POST", "/contacts/", given)
        assert reply.status_code == 201, reply.text
        return dict(reply.json()["contact"])

    def read_contact(self, contact_id: str) -> dict[str, Any]:
        return dict(self("GET", f"/contacts/{contact_id}").json()["contact"])

    def field(self, name: str, data_type: str, **more: Any) -> dict[str, Any]:
        body = {"name": name, "dataType": data_type, **more}
        reply = self("POST", f"/locations/{LOCATION_ID}/customFields", body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json()["customField"])

    def pipeline(self) -> dict[str, Any]:
        return dict(self("GET", f"/opportunities/pipelines?locationId={LOCATION_ID}").json()["pipelines"][0])

    def opportunity(self, contact_id: str, **body: Any) -> httpx.Response:
        given = {"pipelineId": self.pipeline()["id"], "locationId": LOCATION_ID, "name": "Plan", "status": "open"}
        return self("POST", "/opportunities/", given | {"contactId": contact_id} | body)

    def search(self, **body: Any) -> dict[str, Any]:
        reply = self("POST", "/contacts/search", {"locationId": LOCATION_ID, "pageLimit": 100} | body)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.app.state.sandbox.close()


@pytest.fixture
def make_api() -> Iterator[Callable[..., Api]]:
    """Makes clients. Keywords are fields of `Behaviour`; `config` replaces the whole configuration."""
    made: list[Api] = []

    def make(config: SandboxConfig | None = None, **behaviour: Any) -> Api:
        chosen = config or demo_config(behaviour=Behaviour(**behaviour), search_lag_seconds=0)
        made.append(Api(chosen))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """The demo practice with default behaviour and a search without lag."""
    return make_api()
