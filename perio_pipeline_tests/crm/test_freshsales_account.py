"""Opening the account, its look-ups, its custom fields and its custom module."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from perio_pipeline.crm.freshsales import open_account
from perio_pipeline.crm.freshsales.capabilities import Capabilities, capabilities_from
from perio_pipeline.crm.freshsales.memory import REMEMBERED_SECONDS, Memory
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.protocol import (
    AccountInfo,
    AccountSettings,
    CreatedField,
    FieldSpec,
    FieldType,
    Made,
)
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline_tests.crm.freshsales_support import (
    DEPTH,
    FIELDS,
    LINE,
    LINE_DEAL,
    LINE_ID,
    SITES,
    STAGE,
    FakeFreshsales,
    field_record,
    having,
    run,
)
from perio_pipeline_tests.crm.scripted import CreationNotes

FORM_FIELDS = f"/settings/{LINE}/forms/4/fields"
MODULES = "/settings/module_customizations"


def connect(fake: FakeFreshsales, **settings: Any) -> AccountInfo:
    return run(fake, lambda adapter: adapter.connect(), ready=False, **settings)


def test_the_account_is_described() -> None:
    fake = FakeFreshsales()
    account = connect(fake, time_scale=1.0)
    assert (account.id, account.name) == ("gum", "gum")
    assert account.capabilities["bulk_key"] == "external_id"
    assert account.lookups["owner_id"] == ("Doc@Gum.example",)
    assert account.lookups["deal_stage_id"] == ("Accepted", "Accepted")
    assert account.lookups["currency_id"] == ("USD",)
    assert str(fake.requests[0].url) == "https://gum.myfreshworks.com/crm/sales/api/contacts/filters"
    assert "perio-pipeline" in fake.requests[0].headers["User-Agent"]


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/contacts/filters", httpx.ConnectError("x"), "cannot be reached"),
        ("/contacts/filters", (401, {"login": "failed"}), "does not accept the API key"),
        ("/contacts/filters", (403, {}), "may not do GET /contacts/filters"),
        ("/contacts/filters", (404, {}), "answered 404"),
        ("/contacts/filters", (429, {}), "hourly quota"),
        ("/selector/owners", (403, {}), "may not do"),
        ("/selector/deal_pipelines", (404, {}), "no list of deal_pipelines"),
    ],
)
def test_each_obstacle_has_its_own_words(path: str, answer: Any, words: str) -> None:
    fake = FakeFreshsales()
    fake.on("GET", path, answer)
    with pytest.raises(DestinationError, match=words):
        connect(fake, time_scale=1e7)


@pytest.mark.parametrize(
    ("path", "words"),
    [("/settings/deals/fields", "may not do"), (f"/settings/{LINE}/forms", "no custom modules.*Enterprise")],
)
def test_fields_that_may_not_be_read_are_an_obstacle(path: str, words: str) -> None:
    fake = FakeFreshsales()
    fake.on("GET", path, (403, {}))
    with pytest.raises(DestinationError, match=words):
        run(fake, lambda adapter: adapter.missing_fields(FIELDS), ready=False)


def test_lists_that_the_plan_does_not_have_are_empty() -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/selector/currencies", (403, {}))
    fake.on("GET", "/selector/deal_types", (404, {}))
    lookups = connect(fake).lookups
    assert (lookups["currency_id"], lookups["deal_type_id"]) == ((), ())


def test_look_ups_are_checked_all_at_once_and_read_again_after_a_fault() -> None:
    fake = FakeFreshsales()

    async def go(adapter: Any) -> None:
        adapter.require_lookups({"deal_pipeline_id": ["perio"], "deal_stage_id": ["Accepted"]})
        wanted = {"deal_pipeline_id": ["Perio"], "deal_stage_id": ["Lost"], "owner_id": ["gone@gum.example"]}
        with pytest.raises(DestinationError, match=r"deal stage: Lost; user: gone@gum\.example"):
            adapter.require_lookups(wanted)
        fake.on("GET", "/selector/owners", (200, {"users": [{"id": 1, "email": "gone@gum.example"}]}))
        await adapter.connect()
        adapter.require_lookups({"owner_id": ["gone@gum.example"]})

    run(fake, go)


def test_names_are_found_by_stable_name_before_label_and_only_among_custom_fields() -> None:
    fake = FakeFreshsales()
    other = field_record(DEPTH, name="cf_other", label="Deepest site (mm)")
    ours = field_record(DEPTH, name="cf_ours", label="deepest_site_mm__C ")
    native = field_record(DEPTH, name="deepest", label="Deepest_Site_MM__c")
    fake.fields("contacts", [other, native, ours])

    async def go(adapter: Any) -> None:
        await adapter.connect()
        assert await adapter.missing_fields([DEPTH]) == []
        assert adapter._session.custom.api_name("contact", DEPTH.name) == "cf_ours"

    run(fake, go, ready=False)


@pytest.mark.parametrize(
    ("present", "words"),
    [
        ([field_record(STAGE, type="text")], "has the type text; it should be dropdown"),
        ([field_record(STAGE, choices=[{"id": 1, "value": "Stage I"}])], "lacks the choices Stage II"),
        ([field_record(STAGE), field_record(STAGE, name="cf_b")], "exists 2 times"),
    ],
)
def test_fields_that_do_not_fit_are_named(present: list[dict[str, Any]], words: str) -> None:
    fake = FakeFreshsales()
    fake.fields("contacts", present)

    async def go(adapter: Any) -> None:
        await adapter.connect()
        with pytest.raises(DestinationError, match=words):
            await adapter.missing_fields([STAGE])

    run(fake, go, ready=False)


def test_more_choices_than_a_field_can_have_are_a_fault() -> None:
    many = FieldSpec("contact", "X__c", FieldType.CHOICE, "X", tuple(str(number) for number in range(301)))
    with pytest.raises(DestinationError, match="301 choices"):
        run(FakeFreshsales(), lambda adapter: adapter.missing_fields([many]))


def test_every_type_has_its_names_and_no_other_model_has_fields() -> None:
    async def go(adapter: Any) -> None:
        wanted = [FieldSpec("contact", f"New_{kind}__c", kind, f"New {kind}", ("A",)) for kind in FieldType]
        assert await adapter.missing_fields(wanted) == wanted
        with pytest.raises(ValueError, match="no custom fields on note"):
            await adapter.missing_fields([FieldSpec("note", "x", FieldType.TEXT, "x")])

    run(FakeFreshsales(), go)


def test_a_field_that_an_admin_created_meanwhile_is_seen() -> None:
    fake = FakeFreshsales()
    fake.fields("contacts", [])

    async def go(adapter: Any) -> None:
        await adapter.connect()
        assert await adapter.missing_fields([DEPTH]) == [DEPTH]
        fake.fields("contacts", [field_record(DEPTH)])
        assert await adapter.missing_fields([DEPTH]) == []
        count = len(fake.requests)
        assert await adapter.missing_fields([DEPTH]) == []
        assert len(fake.requests) == count

    run(fake, go, ready=False, time_scale=1.0)


def test_what_is_remembered_of_the_set_up_is_forgotten_in_time() -> None:
    """In our time: it is a person who changes an account's set-up."""
    now = [0.0]
    memory = Memory(clock=lambda: now[0])
    memory.keep("/selector/currencies", {"currencies": []})
    now[0] = REMEMBERED_SECONDS - 1
    assert memory.knows("/selector/currencies")
    now[0] = REMEMBERED_SECONDS
    assert not memory.knows("/selector/currencies")


def test_another_account_at_the_same_address_is_noticed() -> None:
    fake = FakeFreshsales()

    async def go(adapter: Any) -> None:
        await adapter.connect()
        await adapter.connect()
        assert fake.count("GET", "/selector/currencies") == 1
        fake.on("GET", "/selector/currencies", (200, {"currencies": [{"id": 1, "currency_code": "CAD"}]}))
        fake.on("GET", "/contacts/filters", (200, {"filters": [{"id": 2, "name": "All Contacts"}]}))
        assert (await adapter.connect()).lookups["currency_id"] == ("CAD",)

    run(fake, go, ready=False)


def test_standard_fields_are_created_by_hand_unless_the_account_can() -> None:
    with pytest.raises(DestinationError, match=r"contacts: Deepest site \(mm\) \(decimal\)"):
        run(FakeFreshsales(), lambda adapter: adapter.create_fields([DEPTH]))
    fake = FakeFreshsales()
    fake.on("GET", "/settings/contacts/forms", (200, {"forms": [{"id": 3, "fields": []}]}))

    def make(request: httpx.Request) -> tuple[int, Any]:
        fake.fields("contacts", [field_record(SITES, id=31)])
        return 200, {"field": {"id": 31}}

    fake.on("POST", "/settings/contacts/forms/3/fields", make)
    on = having(create_fields_standard=True, field_type_codes="text:1, multi_select_dropdown:9")
    created = run(fake, lambda adapter: adapter.create_fields([SITES]), capabilities=on, ready=False)
    assert created == [CreatedField("contact", SITES.name, "31")]
    assert fake.sent("POST", "/settings/contacts/forms/3/fields") == [
        {
            "field_type": 9,
            "label": "Bleeding sites",
            "required": False,
            "choices": [{"value": v, "position": n} for n, v in enumerate(SITES.options, 1)],
        }
    ]


@pytest.mark.parametrize(("prefix", "name"), [(True, LINE), (False, "dental_treatment_plan")])
def test_the_custom_module_is_created_with_its_fields(prefix: bool, name: str) -> None:
    fake = FakeFreshsales()
    fake.on("GET", f"/settings/{LINE}/forms", (404, {}))

    def module(request: httpx.Request) -> tuple[int, Any]:
        fake.forms([])
        standard, custom = {"id": 2, "entity_name": "contacts"}, {"id": 9, "entity_name": LINE}
        fake.on("GET", MODULES, (200, {"module_customizations": [standard, custom]}))
        return 200, {"module_customization": {"id": 9}}

    def make(request: httpx.Request) -> tuple[int, Any]:
        fake.forms([field_record(LINE_ID, id=41)])
        return 200, {"field": {"id": 41}}

    fake.on("POST", MODULES, module)
    fake.on("POST", FORM_FIELDS, make)

    async def go(adapter: Any) -> list[CreatedField]:
        await adapter.connect()
        missing = await adapter.missing_fields([LINE_ID])
        assert missing == [LINE_ID]
        created: list[CreatedField] = await adapter.create_fields(missing)
        return created

    created = run(fake, go, ready=False, capabilities=having(module_prefix=prefix))
    assert created == [CreatedField(LINE, LINE, "9", Made.MODULE), CreatedField(LINE, LINE_ID.name, "41")]
    (body,) = fake.sent("POST", MODULES)
    assert body["module_customization"]["entity_name"] == name
    assert fake.sent("POST", FORM_FIELDS) == [{"field_type": "text", "label": "PANDA line id", "required": False}]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (400, {"errors": {"message": "Field type is invalid"}}),
            "refuses the custom field Source_Line_ID__c: Field type is invalid",
        ),
        (httpx.ReadTimeout("x"), "does not show the custom field Source_Line_ID__c"),
        ((200, {}), "does not show the custom field Source_Line_ID__c"),
    ],
)
def test_a_field_is_believed_only_when_it_is_seen(answer: Any, words: str) -> None:
    fake = FakeFreshsales()
    fake.forms([])
    fake.on("POST", FORM_FIELDS, answer)
    with pytest.raises(DestinationError, match=words):
        run(fake, lambda adapter: adapter.create_fields([LINE_ID]), ready=False)


def test_what_the_api_cannot_create_is_listed() -> None:
    with pytest.raises(DestinationError, match=rf"{LINE}: Deal \(lookup of deal\)"):
        run(FakeFreshsales(), lambda adapter: adapter.create_fields([LINE_DEAL]))
    off = having(create_fields_module=False)
    with pytest.raises(DestinationError, match="PANDA line id"):
        run(FakeFreshsales(), lambda adapter: adapter.create_fields([LINE_ID]), capabilities=off)
    fake = FakeFreshsales()
    fake.on("GET", f"/settings/{LINE}/forms", (404, {}))
    fake.on("POST", MODULES, (200, {}))
    fake.on("GET", MODULES, (200, {"module_customizations": []}))
    with pytest.raises(DestinationError, match="does not show the custom module"):
        run(fake, lambda adapter: adapter.create_fields([LINE_ID]), ready=False)
    fake.on("GET", MODULES, (200, {"module_customizations": [{"id": 9, "entity_name": LINE}]}))
    log = CreationNotes()
    with pytest.raises(DestinationError, match="shows no form"):
        run(fake, lambda adapter: adapter.create_fields([LINE_ID], log), ready=False)
    assert log.lines == [("begun", LINE), ("done", CreatedField(LINE, LINE, "9", Made.MODULE))]


def test_custom_modules_need_their_plan() -> None:
    fake = FakeFreshsales()

    async def go(adapter: Any) -> None:
        await adapter.connect()
        assert not [request for request in fake.requests if LINE in request.url.path]
        with pytest.raises(DestinationError, match=r"no custom modules.*Enterprise"):
            await adapter.missing_fields([LINE_ID])

    run(fake, go, ready=False, plan="pro")


def test_the_module_s_fields_can_be_listed_without_forms() -> None:
    fake = FakeFreshsales()
    fake.fields(LINE, [field_record(LINE_ID)])
    fields = having(module_fields="fields")
    assert run(fake, lambda a: a.missing_fields([LINE_ID]), capabilities=fields, ready=False) == []
    assert fake.requests[-1].url.path.endswith(f"/settings/{LINE}/fields")


RIGHT = {"url": "https://gum.myfreshworks.com", "alias": "gum", "token": "key-1"}


@pytest.mark.parametrize(
    "wrong",
    [{"url": "gum.example"}, {"alias": ""}, {"token": ""}, {"token": "key 1"}, {"plan": "free"}, {"alias": "other"}],
)
def test_settings_are_checked_at_once(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        FreshsalesSettings(**{**RIGHT, **wrong})  # type: ignore[arg-type]
    assert "key 1" not in str(caught.value)


def test_settings_know_the_plan_and_the_path() -> None:
    settings = FreshsalesSettings(**RIGHT, plan="pro")  # type: ignore[arg-type]
    assert (settings.hourly_limit, settings.has_modules) == (2000, False)
    assert "key-1" not in repr(settings)
    sandbox = FreshsalesSettings("http://127.0.0.1:8000/crm/sales/api/", "gum", "key-1", per_hour=7)
    assert (sandbox.base_url, sandbox.hourly_limit) == ("http://127.0.0.1:8000/crm/sales/api", 7)


@pytest.mark.parametrize(
    "stated",
    [
        {"bulk_key": "name"},
        {"bulk_upsert": "yes"},
        {"field_type_codes": True},
        {"field_type_codes": "text"},
        {"bulk_rows": 1},
        {"bulk_jobs": 0},
        {"file_megabytes": True},
        {"minute_requests": "400"},
        {"note_html": "perhaps"},
        {"x": True},
    ],
)
def test_capabilities_are_checked(stated: dict[str, bool | int | str]) -> None:
    with pytest.raises(SettingsError, match="capability"):
        capabilities_from(stated)


def test_any_crm_is_opened_alike() -> None:
    stated = AccountSettings(
        "https://gum.myfreshworks.com", "gum", "key-1", time_scale=10, plan="pro", capabilities={"bulk_upsert": False}
    )
    adapter = open_account(stated, on_wait=lambda seconds, until: None)
    assert (adapter.stats.requests, adapter.batch_size("contacts")) == (0, 1)
    assert open_account(AccountSettings("https://x.example", "gum", "key-1")).batch_size("contacts") == 100
    assert capabilities_from(Capabilities().as_mapping()) == Capabilities()
    assert len({spec.name for spec in FIELDS}) == len(FIELDS)
