"""Fixtures for the Freshsales sandbox: an in-process client per configuration, and records to hang things on."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from perio_pipeline.sandbox.freshsales.app import create_app
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig, SandboxConfig
from perio_pipeline.sandbox.freshsales.seed import ALIAS, TOKEN, demo_config

ROOT = "/crm/sales/api"
FIELDS = (
    FieldConfig(name="Risk note"),
    FieldConfig(name="History", type="paragraph"),
    FieldConfig(name="Pocket depth", type="number"),
    FieldConfig(name="Stage", type="dropdown", choices=("Stage I", "Stage II")),
    FieldConfig(name="Days", type="multi_select_dropdown", choices=("Monday", "Wednesday")),
    FieldConfig(name="Smoker", type="checkbox"),
    FieldConfig(name="Date of birth", type="date"),
    FieldConfig(name="Staged at", type="date_time"),
    FieldConfig(name="Source key", unique=True),
    FieldConfig(name="Referred by", type="auto_complete", lookup="contacts"),
    FieldConfig(name="Plan key", module="deals", unique=True),
)


class Api:
    """A synchronous client of one in-process sandbox, with a valid token unless told otherwise."""

    def __init__(self, config: SandboxConfig) -> None:
        self.app = create_app(config)
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(app=self.app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.headers = {"Authorization": f"Token token={TOKEN}"}

    @property
    def state(self) -> Any:
        return self.app.state.sandbox.accounts[ALIAS]

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        headers = more.pop("headers", self.headers)
        url = path if path.startswith(("http", "/__sandbox")) else f"{ROOT}{path}"
        return self._runner.run(self._client.request(method, url, json=json, headers=headers, **more))

    def made(self, one: str, path: str, **body: Any) -> dict[str, Any]:
        reply = self("POST", path, {one: body})
        assert reply.status_code in (200, 201), reply.text
        return dict(reply.json()[one])

    def contact(self, **body: Any) -> dict[str, Any]:
        number = len(self.state["contacts"]) + 1
        return self.made("contact", "/contacts", **({"last_name": "Reed", "external_id": f"P{number}"} | body))

    def sales_account(self, name: str = "Reed household", **body: Any) -> dict[str, Any]:
        return self.made("sales_account", "/sales_accounts", name=name, **body)

    def deal(self, **body: Any) -> dict[str, Any]:
        return self.made("deal", "/deals", **({"name": "Perio case", "amount": 1200} | body))

    def read(self, one: str, record_id: int, query: str = "") -> dict[str, Any]:
        reply = self("GET", f"/{one}s/{record_id}{query}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json()[one])

    def view_id(self, module: str, name: str) -> int:
        views = self("GET", f"/{module}/filters").json()["filters"]
        return int(next(view["id"] for view in views if view["name"] == name))

    def job(self, reply: httpx.Response, polls: int = 3) -> dict[str, Any]:
        assert reply.status_code == 200, reply.text
        for _ in range(polls):
            answer = self("GET", reply.json()["job_status_url"]).json()
        return dict(answer)

    def messages(self, reply: httpx.Response, status: int = 400) -> list[str]:
        assert reply.status_code == status, reply.text
        assert reply.json()["errors"]["code"] == status
        return list(reply.json()["errors"]["message"])

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.app.state.sandbox.close()


@pytest.fixture
def make_api() -> Iterator[Callable[..., Api]]:
    """Makes clients. Keywords are fields of `Behaviour`; `config` replaces the whole configuration."""
    made: list[Api] = []

    def make(config: SandboxConfig | None = None, **behaviour: Any) -> Api:
        chosen = config or demo_config(custom_fields=FIELDS, behaviour=Behaviour(**behaviour), search_lag_seconds=0)
        made.append(Api(chosen))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """The demo practice with default behaviour and a search without lag."""
    return make_api()
