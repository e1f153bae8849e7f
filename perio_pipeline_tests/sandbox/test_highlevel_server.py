"""The sandbox over real HTTP: faults as a client meets them, restarts, and the routes for the person in charge."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.sandbox.highlevel.app import create_app
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN, demo_config
from perio_pipeline.sandbox.highlevel.server import running, serve

HEADERS = {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28"}


def client_of(sandbox: RunningSandbox) -> httpx.Client:
    return httpx.Client(base_url=sandbox.base_url, headers=HEADERS, trust_env=False)


def create(client: httpx.Client, email: str, **more: Any) -> httpx.Response:
    return client.post("/contacts/", json={"locationId": LOCATION_ID, "email": email, **more})


def exists(client: httpx.Client, email: str) -> bool:
    query = {"locationId": LOCATION_ID, "email": email}
    return client.get("/contacts/search/duplicate", params=query).json()["contact"] is not None


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running(demo_config(record_requests=True, clock_factor=10)) as server:
        yield server


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    with client_of(sandbox) as made:
        yield made


@pytest.mark.parametrize(("kind", "committed"), [("lost_response", True), ("cut", True), ("reset", False)])
def test_dropped_connection_reaches_the_client_as_one(
    sandbox: RunningSandbox, client: httpx.Client, kind: Any, committed: bool
) -> None:
    sandbox.faults(Fault(kind=kind, method="POST", times=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create(client, "a@example.com")
    assert exists(client, "a@example.com") is committed
    assert create(client, "b@example.com").status_code == 201


@pytest.mark.parametrize("status", [400, 422, 429, 500, 502, 503])
def test_failing_status_changes_nothing(sandbox: RunningSandbox, client: httpx.Client, status: Any) -> None:
    sandbox.faults(Fault(kind="status", status=status, times=1))
    assert create(client, "a@example.com").status_code == status
    assert not exists(client, "a@example.com")


def test_created_but_422_has_created(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="created_but_422", times=1))
    assert create(client, "a@example.com").status_code == 422
    assert exists(client, "a@example.com")


def test_slow_answer_takes_simulated_seconds(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="slow", seconds=3, times=1))
    start = time.monotonic()
    assert create(client, "a@example.com").status_code == 201
    assert time.monotonic() - start >= 0.3
    assert exists(client, "a@example.com")


def test_silent_server_lets_the_client_wait_and_does_nothing(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="silent", method="POST", times=1))
    client.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        create(client, "a@example.com")
    assert not exists(client, "a@example.com")
    assert create(client, "b@example.com").status_code == 201


def test_fault_strikes_only_requests_with_such_a_body(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="status", status=400, body="poison@"))
    codes = [create(client, email).status_code for email in ("a@example.com", "poison@example.com", "b@example.com")]
    assert codes == [201, 400, 201]


def found(client: httpx.Client, email: str) -> bool:
    rule = {"field": "email", "operator": "eq", "value": email}
    body = {"locationId": LOCATION_ID, "page": 1, "pageLimit": 5, "filters": [rule]}
    return bool(client.post("/contacts/search", json=body).json()["contacts"])


def test_stalled_search_shows_nothing_new_for_as_long_as_it_was_told() -> None:
    config = demo_config(search_lag_seconds=0, clock_factor=20)
    with running(config) as sandbox, client_of(sandbox) as client:
        create(client, "a@example.com")
        sandbox.faults(Fault(kind="stall_search", method="GET", path="^/contacts/none", seconds=10, times=1))
        client.get("/contacts/none")
        create(client, "b@example.com")
        assert (found(client, "a@example.com"), found(client, "b@example.com")) == (True, False)
        time.sleep(0.6)
        assert found(client, "b@example.com")


def test_reset_goes_back_to_the_checkpoint_and_keeps_it_on_disk(tmp_path: Path) -> None:
    config = demo_config(state_path=tmp_path / "state.db", search_lag_seconds=0)
    with running(config) as sandbox, client_of(sandbox) as client:
        start = sandbox.state_digest()
        kept = create(client, "a@example.com", city="York").json()["contact"]
        sandbox.checkpoint()
        digest = sandbox.state_digest()
        client.put(f"/contacts/{kept['id']}", json={"city": "Bath"})
        gone = create(client, "b@example.com").json()["contact"]
        client.post(f"/contacts/{gone['id']}/notes", json={"body": "seen"})
        sandbox.faults(Fault(kind="nearly_out_daily_quota", remaining=1, nth=1), Fault(kind="expire_token", nth=2))
        assert [create(client, "c@example.com").status_code for _ in range(3)] == [201, 401, 401]
        sandbox.clear_faults()
        assert create(client, "c@example.com").status_code == 429
        sandbox.reset()
        assert sandbox.state_digest() == digest != start
        assert sandbox.stats()["total"] == 0
        assert client.get(f"/contacts/{kept['id']}").json()["contact"]["city"] == "York"
        assert (found(client, "a@example.com"), found(client, "b@example.com")) == (True, False)
        client.delete(f"/contacts/{kept['id']}")
        sandbox.reset()
        assert create(client, "a@example.com").json()["meta"]["contactId"] == kept["id"], "indexes are whole"
    with running(config) as sandbox:
        assert sandbox.state_digest() == digest


def test_reset_without_a_checkpoint_goes_back_to_the_start(sandbox: RunningSandbox, client: httpx.Client) -> None:
    start = sandbox.state_digest()
    create(client, "a@example.com")
    assert [len(kinds["contact"]) for kinds in sandbox.state().values()] == [1]
    sandbox.reset()
    assert sandbox.state_digest() == start
    assert [len(kinds["contact"]) for kinds in sandbox.state().values()] == [0]


def test_renewed_token_opens_what_the_old_one_did(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.replace_token(TOKEN, "pit-renewed")
    assert create(client, "a@example.com").status_code == 401
    client.headers["Authorization"] = "Bearer pit-renewed"
    assert create(client, "a@example.com").status_code == 201
    with pytest.raises(httpx.HTTPStatusError):
        sandbox.replace_token("pit-unknown", "pit-other")
    sandbox.reset()
    assert create(client, "b@example.com").status_code == 401
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    assert create(client, "b@example.com").status_code == 201


def test_dropped_field_is_accepted_and_not_stored(sandbox: RunningSandbox, client: httpx.Client) -> None:
    field = client.post(f"/locations/{LOCATION_ID}/customFields", json={"name": "Risk", "dataType": "TEXT"}).json()[
        "customField"
    ]
    sandbox.faults(Fault(kind="drop_field", field="Risk", times=1), Fault(kind="drop_field", field="city", nth=2))
    items = [{"id": field["id"], "field_value": "high"}]
    first = create(client, "a@example.com", city="York", customFields=items)
    second = create(client, "b@example.com", city="York", customFields=items)
    assert (first.status_code, second.status_code) == (201, 201)
    first_read, second_read = (
        client.get(f"/contacts/{reply.json()['contact']['id']}").json()["contact"] for reply in (first, second)
    )
    assert (first_read["customFields"], first_read["city"]) == ([], "York")
    assert (second_read["customFields"], "city" in second_read) == ([{"id": field["id"], "value": "high"}], False)


def test_a_company_whose_name_was_dropped_can_still_be_linked_and_changed(
    sandbox: RunningSandbox, client: httpx.Client
) -> None:
    sandbox.faults(Fault(kind="drop_field", method="POST", path="/businesses", field="name"))
    made = client.post("/businesses/", json={"name": "Bayview", "locationId": LOCATION_ID}).json()
    company = (made.get("buiseness") or made["business"])["id"]
    contact = create(client, "a@example.com").json()["contact"]["id"]
    body = {"locationId": LOCATION_ID, "ids": [contact], "businessId": company}
    assert client.post("/contacts/bulk/business", json=body).is_success
    assert client.put(f"/businesses/{company}", json={"name": "Bayview"}).is_success
    assert client.get(f"/contacts/{contact}").json()["contact"]["companyName"] == "Bayview"


def test_nearly_out_daily_quota_lets_the_rest_through_and_no_more(
    sandbox: RunningSandbox, client: httpx.Client
) -> None:
    sandbox.faults(Fault(kind="nearly_out_daily_quota", remaining=2, times=1))
    replies = [create(client, f"{n}@example.com") for n in range(4)]
    assert [reply.status_code for reply in replies] == [201, 201, 201, 429]
    assert replies[0].headers["x-ratelimit-daily-remaining"] == "2"


def test_expired_token_stays_expired_until_faults_are_cleared(sandbox: RunningSandbox, client: httpx.Client) -> None:
    sandbox.faults(Fault(kind="expire_token", nth=2))
    codes = [create(client, f"{n}@example.com").status_code for n in range(3)]
    assert codes == [201, 401, 401]
    sandbox.clear_faults()
    assert create(client, "9@example.com").status_code == 201


def test_probable_fault_repeats_for_its_seed() -> None:
    fault = Fault(kind="status", probability=0.5, seed=7)
    runs = []
    for _ in range(2):
        with running(demo_config(faults=(fault,))) as sandbox, client_of(sandbox) as client:
            runs.append([create(client, f"{n}@example.com").status_code for n in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {201, 500}


def test_every_third_request_and_no_other() -> None:
    fault = Fault(kind="status", every=3)
    with running(demo_config(faults=(fault,))) as sandbox, client_of(sandbox) as client:
        codes = [create(client, f"{n}@example.com").status_code for n in range(6)]
    assert codes == [201, 201, 500, 201, 201, 500]


def test_state_survives_a_restart(tmp_path: Path) -> None:
    config = demo_config(state_path=tmp_path / "state.db", search_lag_seconds=0)
    with running(config) as sandbox, client_of(sandbox) as client:
        kept = create(client, "a@example.com", phone="2125550142", tags=["recall"]).json()["contact"]
        gone = create(client, "b@example.com").json()["contact"]
        client.delete(f"/contacts/{gone['id']}")
        client.post(f"/contacts/{kept['id']}/notes", json={"body": "seen"})
        pipelines = client.get("/opportunities/pipelines", params={"locationId": LOCATION_ID}).json()
        digest = sandbox.state_digest()
    with running(config) as sandbox, client_of(sandbox) as client:
        assert sandbox.state_digest() == digest
        assert client.get(f"/contacts/{kept['id']}").json()["contact"]["tags"] == ["recall"]
        assert client.get(f"/contacts/{kept['id']}/notes").json()["notes"][0]["body"] == "seen"
        assert client.get(f"/contacts/{gone['id']}").status_code == 400
        assert client.get("/opportunities/pipelines", params={"locationId": LOCATION_ID}).json() == pipelines
        again = create(client, "c@example.com", phone="2125550142")
        assert again.json()["meta"]["contactId"] == kept["id"], "the index is rebuilt"
        fresh = create(client, "d@example.com").json()["contact"]
        assert fresh["id"] not in (kept["id"], gone["id"])
        assert fresh["dateAdded"] > kept["dateAdded"]


def test_digest_ignores_ids_and_times_and_sees_every_change() -> None:
    digests = []
    for seed, city in ((1, "York"), (2, "York"), (1, "Bath")):
        with running(demo_config(seed=seed)) as sandbox, client_of(sandbox) as client:
            contact = create(client, "a@example.com", city=city).json()["contact"]
            client.post(f"/contacts/{contact['id']}/notes", json={"body": "seen"})
            digests.append(sandbox.state_digest())
    assert digests[0] == digests[1] != digests[2]


def test_edit_by_a_person_shows_at_once(sandbox: RunningSandbox, client: httpx.Client) -> None:
    contact = create(client, "a@example.com", city="York").json()["contact"]
    sandbox.edit("contact", contact["id"], {"city": "Bath"})
    read = client.get(f"/contacts/{contact['id']}").json()["contact"]
    assert read["city"] == "Bath"
    assert read["dateUpdated"] > contact["dateUpdated"]


def test_stats_count_and_requests_keep_no_token(sandbox: RunningSandbox, client: httpx.Client) -> None:
    contact = create(client, "a@example.com").json()["contact"]
    client.get(f"/contacts/{contact['id']}")
    stats = sandbox.stats()
    assert (stats["total"], stats["writes"], stats["reads"], stats["throttled"]) == (2, 1, 1, 0)
    routes = {(row["method"], row["route"], row["status"]): row["count"] for row in stats["routes"]}
    assert routes == {("GET", "/contacts/{contactId}", "200"): 1, ("POST", "/contacts/", "201"): 1}
    first = sandbox.requests()[0]
    assert (first["method"], first["body"]["email"], first["status"]) == ("POST", "a@example.com", "201")
    assert first["headers"]["version"] == "2021-07-28"
    assert TOKEN not in str(sandbox.requests())


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
            codes.append((await client.get("/__sandbox/stats")).status_code)
    app.state.sandbox.close()
    assert codes == [200, 403]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
