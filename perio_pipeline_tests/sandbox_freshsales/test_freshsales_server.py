"""The sandbox over real HTTP: faults as a client meets them, restarts, and the routes for the person in charge."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from perio_pipeline.sandbox.freshsales.app import create_app
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.seed import ALIAS, TOKEN, demo_config
from perio_pipeline.sandbox.freshsales.server import RunningFreshsales, running, serve

FIELDS = (FieldConfig(name="Risk"), FieldConfig(name="Source key", unique=True))
HEADERS = {"Authorization": f"Token token={TOKEN}"}


def client_of(sandbox: RunningFreshsales) -> httpx.Client:
    return httpx.Client(base_url=f"{sandbox.base_url}/crm/sales/api", headers=HEADERS, trust_env=False)


def create(client: httpx.Client, key: str, **more: Any) -> httpx.Response:
    return client.post("/contacts", json={"contact": {"external_id": key, **more}})


def exists(client: httpx.Client, key: str) -> bool:
    query = {"q": key, "f": "external_id", "entities": "contact"}
    return bool(client.get("/lookup", params=query).json()["contacts"]["contacts"])


@pytest.fixture
def sandbox() -> Iterator[RunningFreshsales]:
    config = demo_config(custom_fields=FIELDS, record_requests=True, clock_factor=10, search_lag_seconds=0)
    with running(config) as server:
        yield server


@pytest.fixture
def client(sandbox: RunningFreshsales) -> Iterator[httpx.Client]:
    with client_of(sandbox) as made:
        yield made


@pytest.mark.parametrize(("kind", "committed"), [("lost_response", True), ("cut", True), ("reset", False)])
def test_dropped_connection_reaches_the_client_as_one(
    sandbox: RunningFreshsales, client: httpx.Client, kind: Any, committed: bool
) -> None:
    sandbox.faults(Fault(kind=kind, method="POST", times=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create(client, "P1")
    assert exists(client, "P1") is committed
    assert create(client, "P2").is_success


@pytest.mark.parametrize("status", [400, 422, 429, 500, 502, 503])
def test_failing_status_changes_nothing(sandbox: RunningFreshsales, client: httpx.Client, status: Any) -> None:
    sandbox.faults(Fault(kind="status", status=status, times=1))
    assert create(client, "P1").status_code == status
    assert not exists(client, "P1")


def test_created_but_error_has_created(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="created_but_error", status=503, times=1))
    assert create(client, "P1").status_code == 503
    assert exists(client, "P1")


def test_slow_answer_takes_simulated_seconds(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="slow", seconds=3, times=1))
    start = time.monotonic()
    assert create(client, "P1").is_success
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize("field", ["Risk", "cf_risk"])
def test_dropped_field_is_accepted_and_not_stored(sandbox: RunningFreshsales, client: httpx.Client, field: str) -> None:
    sandbox.faults(Fault(kind="drop_field", field=field, times=1), Fault(kind="drop_field", field="city", nth=2))
    first, second = (create(client, key, city="York", custom_field={"cf_risk": "high"}) for key in ("P1", "P2"))
    shown = [reply.json()["contact"] for reply in (first, second)]
    assert [(item["city"], item["custom_field"]["cf_risk"]) for item in shown] == [("York", None), (None, "high")]


def test_dropped_field_reaches_the_rows_of_a_bulk_upsert(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="drop_field", field="city", times=1))
    row = {"external_id": "P1", "data": {"city": "York", "country": "US"}}
    client.post("/contacts/bulk_upsert", json={"contacts": [row]})
    query = {"q": "P1", "f": "external_id", "entities": "contact"}
    (found,) = client.get("/lookup", params=query).json()["contacts"]["contacts"]
    assert (found["city"], found["country"]) == (None, "US")


def test_nearly_out_hourly_quota_lets_the_rest_through_and_no_more(
    sandbox: RunningFreshsales, client: httpx.Client
) -> None:
    sandbox.faults(Fault(kind="nearly_out_hourly_quota", remaining=2, times=1))
    assert [create(client, f"P{n}").status_code for n in range(4)] == [200, 200, 200, 429]


def test_expired_token_stays_expired_until_faults_are_cleared(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="expire_token", nth=2))
    assert [create(client, f"P{n}").status_code for n in range(3)] == [200, 401, 401]
    sandbox.clear_faults()
    assert create(client, "P9").is_success


def bulk(client: httpx.Client, count: int, first: int = 0) -> httpx.Response:
    rows = [{"external_id": f"P{n}", "data": {"city": "York"}} for n in range(first, first + count)]
    return client.post("/contacts/bulk_upsert", json={"contacts": rows})


def finished(client: httpx.Client, reply: httpx.Response) -> dict[str, Any]:
    for _ in range(3):
        answer = client.get(reply.json()["job_status_url"]).json()
    return dict(answer)


def test_rows_of_a_bulk_job_fail_by_seed(client: httpx.Client, sandbox: RunningFreshsales) -> None:
    failed = []
    for seed in (3, 3, 4):
        sandbox.faults(Fault(kind="partial_bulk", rows=4, seed=seed, path="bulk_upsert", times=1))
        job = finished(client, bulk(client, 20))
        report = json.loads(job["data"])
        assert (job["status"], report["record_status"]) == ("SUCCESS", {"succeeded": 16, "failed": 4})
        failed.append([row["external_id"] for row in report["detailed_failure_report"]])
        sandbox.clear_faults()
    assert failed[0] == failed[1] != failed[2]


def test_failed_job_writes_some_rows_and_names_none(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="failed_job", rows=3, seed=1, path="bulk_upsert", times=1))
    job = finished(client, bulk(client, 5))
    assert (job["status"], job["data"]) == ("FAILED", None)
    assert sum(exists(client, f"P{n}") for n in range(5)) == 2


def test_report_may_hold_counts_only() -> None:
    config = demo_config(behaviour=Behaviour(failure_report="counts"), search_lag_seconds=0)
    with running(config) as sandbox, client_of(sandbox) as client:
        sandbox.faults(Fault(kind="partial_bulk", rows=1, path="bulk_upsert", times=1))
        report = json.loads(finished(client, bulk(client, 3))["data"])
    assert report == {"record_status": {"succeeded": 2, "failed": 1}, "detailed_failure_report": []}


def test_reset_goes_back_to_the_checkpoint(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    kept = create(client, "P1", city="York").json()["contact"]
    module = {"entity_name": "cm_plan", "singular_name": "Plan", "plural_name": "Plans", "icon": "tooth"}
    client.post("/settings/module_customizations", json={"module_customization": module})
    sandbox.checkpoint()
    digest = sandbox.state_digest()
    client.put(f"/contacts/{kept['id']}", json={"contact": {"city": "Bath"}})
    client.post("/custom_module/cm_plan", json={"cm_plan": {"name": "SRP"}})
    client.post("/contacts/bulk_upsert", json={"contacts": [{"external_id": "P2", "data": {"city": "York"}}]})
    sandbox.faults(Fault(kind="nearly_out_hourly_quota", remaining=0, times=1))
    client.get("/selector/owners")
    assert create(client, "P3").status_code == 429
    sandbox.reset()
    assert sandbox.state_digest() == digest
    assert [len(kinds["contacts"]) for kinds in sandbox.state().values()] == [1]
    assert client.get(f"/contacts/{kept['id']}").json()["contact"]["city"] == "York"
    assert (exists(client, "P1"), exists(client, "P2")) == (True, False)


def test_renewed_key_opens_what_the_old_one_did(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.replace_token(TOKEN, "fs-renewed")
    assert create(client, "P1").status_code == 401
    client.headers["Authorization"] = "Token token=fs-renewed"
    assert create(client, "P1").is_success


def test_stuck_job_never_ends(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="stuck_job", path="bulk_upsert", times=1))
    reply = bulk(client, 2)
    codes = {client.get(reply.json()["job_status_url"]).json()["status"] for _ in range(8)}
    assert codes == {"QUEUED", "IN_PROGRESS"}
    assert finished(client, bulk(client, 2, 5))["status"] == "SUCCESS"


def test_busy_burst_answers_405_and_does_nothing(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="busy", path="bulk_upsert", times=3))
    assert [bulk(client, 1, n).status_code for n in range(4)] == [405, 405, 405, 200]
    assert (exists(client, "P0"), exists(client, "P3")) == (False, True)


def test_state_survives_a_restart(tmp_path: Path) -> None:
    behaviour = Behaviour(bulk_rows_apply="on_success", job_polls=1)
    config = demo_config(
        custom_fields=FIELDS, behaviour=behaviour, state_path=tmp_path / "state.db", search_lag_seconds=0
    )
    with running(config) as sandbox, client_of(sandbox) as client:
        kept = create(client, "P1", email="a@example.com", custom_field={"cf_source_key": "K"}).json()["contact"]
        gone = create(client, "P2").json()["contact"]
        client.delete(f"/contacts/{gone['id']}")
        target = {"targetable_type": "Contact", "targetable_id": str(kept["id"])}
        client.post("/notes", json={"note": {"description": "seen", **target}})
        file = client.post("/documents", data=target, files={"file": ("a.png", b"pixels", "image/png")}).json()
        module = {"entity_name": "cm_plan", "singular_name": "Plan", "plural_name": "Plans", "icon": "tooth"}
        client.post("/settings/module_customizations", json={"module_customization": module})
        line = client.post("/custom_module/cm_plan", json={"cm_plan": {"name": "SRP"}}).json()["cm_plan"]
        job = bulk(client, 1, 7).json()["job_status_url"].rpartition("/")[2]
        pipelines = client.get("/selector/deal_pipelines").json()
        digest = sandbox.state_digest()
    with running(config) as sandbox, client_of(sandbox) as client:
        assert sandbox.state_digest() == digest
        assert client.get(f"/contacts/{kept['id']}").json()["contact"]["custom_field"]["cf_source_key"] == "K"
        assert client.get(f"/contacts/{kept['id']}/notes").json()["notes"][0]["description"] == "seen"
        assert client.get(f"/documents/{file['id']}/download").content == b"pixels"
        assert client.get(f"/custom_module/cm_plan/{line['id']}").json()["cm_plan"]["name"] == "SRP"
        assert client.get("/selector/deal_pipelines").json() == pipelines
        sandbox.restore("contacts", gone["id"])
        assert client.get(f"/contacts/{gone['id']}").is_success
        again = create(client, "P3", custom_field={"cf_source_key": "K"})
        assert again.json()["errors"]["message"] == ["Source key has already been taken"], "the index is rebuilt"
        fresh = create(client, "P4").json()["contact"]
        assert fresh["id"] > line["id"]
        assert client.get(f"/job_statuses/{job}").json()["status"] == "QUEUED"
        assert client.get(f"/job_statuses/{job}").json()["status"] == "SUCCESS"
        assert exists(client, "P7"), "an open job goes on"


def test_digest_ignores_ids_and_times_and_sees_every_change() -> None:
    digests = []
    for seed, city in ((1, "York"), (2, "York"), (1, "Bath")):
        with running(demo_config(seed=seed)) as sandbox, client_of(sandbox) as client:
            for _ in range(seed):
                client.get("/selector/owners")
            household = client.post("/sales_accounts", json={"name": "Reed"}).json()["sales_account"]
            parent = {"name": "Reed junior", "parent_sales_account_id": household["id"]}
            client.post("/sales_accounts", json=parent)
            links = [{"id": household["id"], "is_primary": True}]
            contact = create(client, "P1", city=city, sales_accounts=links).json()["contact"]
            client.post("/deals", json={"name": "x", "amount": 1, "contacts_added_list": [contact["id"]]})
            target = {"targetable_type": "Contact", "targetable_id": contact["id"]}
            client.post("/notes", json={"description": "seen", **target})
            digests.append(sandbox.state_digest())
    assert digests[0] == digests[1] != digests[2]


def test_edit_by_a_person_shows_at_once(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    contact = create(client, "P1", city="York", custom_field={"cf_risk": "low"}).json()["contact"]
    time.sleep(0.2)
    sandbox.edit("contacts", contact["id"], {"city": None, "custom_field": {"cf_risk": "high"}})
    read = client.get(f"/contacts/{contact['id']}").json()["contact"]
    assert (read["city"], read["custom_field"]["cf_risk"]) == (None, "high")
    assert read["updated_at"] > contact["updated_at"]
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.edit("contacts", 5, {"city": "x"})


def test_stats_count_and_requests_keep_no_token(sandbox: RunningFreshsales, client: httpx.Client) -> None:
    contact = create(client, "P1").json()["contact"]
    client.get(f"/contacts/{contact['id']}")
    stats = sandbox.stats()
    assert (stats["total"], stats["writes"], stats["reads"], stats["throttled"]) == (2, 1, 1, 0)
    assert stats["by_location"] == {ALIAS: 2}
    routes = {(row["method"], row["route"], row["status"]): row["count"] for row in stats["routes"]}
    assert routes == {("GET", "/contacts/{id}", "200"): 1, ("POST", "/contacts", "200"): 1}
    first = sandbox.requests()[0]
    assert (first["method"], first["body"]["contact"]["external_id"], first["status"]) == ("POST", "P1", "200")
    assert TOKEN not in str(sandbox.requests())


def test_paths_outside_the_prefix_lead_nowhere(sandbox: RunningFreshsales) -> None:
    with httpx.Client(base_url=sandbox.base_url, headers=HEADERS, trust_env=False) as client:
        assert client.get("/selector/owners").status_code == 404
        assert client.get("/api/selector/owners").status_code == 404
        assert client.get("/crm/sales/api/selector/owners").status_code == 200


def test_other_machines_are_kept_out() -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve(demo_config(), host="0.0.0.0")


@pytest.mark.anyio
async def test_admin_routes_are_for_loopback_clients_only() -> None:
    app = create_app(demo_config())
    codes = []
    for host in ("127.0.0.1", "192.168.1.20"):
        transport = httpx.ASGITransport(app=app, client=(host, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            codes += [(await client.get(f"/__sandbox/{path}")).status_code for path in ("stats", "outbox")]
    app.state.sandbox.close()
    assert codes == [200, 200, 403, 403]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
