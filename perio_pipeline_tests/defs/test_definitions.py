"""The outer ring: the graph has the shape the design promises, and every asset says what it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from perio_pipeline.defs.assets.destination import LoadPass, pass_of
from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.jobs import job_name
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.workplace import Workplace

PROJECT = Path(__file__).resolve().parents[2]
OBJECTS = (
    "companies",
    "contacts",
    "company_links",
    "opportunities",
    "tasks",
    "appointments",
    "notes",
    "yearly_notes",
    "charts",
)

FRESHSALES_OBJECTS = (
    "sales_accounts",
    "providers",
    "referring_dentists",
    "contacts",
    "deals",
    "treatment_plan_lines",
    "treatment_plan_notes",
    "appointments",
    "notes",
    "yearly_notes",
    "letters",
    "visit_histories",
    "charts",
    "radiographs",
)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    data = tmp_path_factory.mktemp("data")
    resource = WorkplaceResource(data=str(data), mappings=str(PROJECT / "mappings"))
    return build_definitions(Workplace(data, PROJECT / "mappings"), resource)


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_there_is_an_extract_and_a_validated_frame_for_every_canonical_table(graph: dict[str, dg.AssetSpec]) -> None:
    for name in TABLES:
        assert {f"panda/{name}", f"validated/{name}"} <= set(graph)


def test_every_object_is_shaped_loaded_and_read_back(graph: dict[str, dg.AssetSpec]) -> None:
    for crm, objects in (("highlevel", OBJECTS), ("freshsales", FRESHSALES_OBJECTS)):
        for name in objects:
            assert {f"{crm}/{stage}/{name}" for stage in ("shaped", "loaded", "readback")} <= set(graph)


def test_companies_load_before_contacts_are_linked_to_them(graph: dict[str, dg.AssetSpec]) -> None:
    needs = {dep.asset_key.to_user_string() for dep in graph["highlevel/loaded/company_links"].deps}
    assert {"highlevel/loaded/companies", "highlevel/loaded/contacts", "highlevel/account"} <= needs


def test_records_are_read_back_after_those_that_prove_their_links(graph: dict[str, dg.AssetSpec]) -> None:
    needs = {dep.asset_key.to_user_string() for dep in graph["highlevel/readback/company_links"].deps}
    assert {"highlevel/readback/companies", "highlevel/readback/contacts"} <= needs


def test_every_asset_has_a_description_an_owner_a_group_kinds_and_columns(graph: dict[str, dg.AssetSpec]) -> None:
    for name, spec in graph.items():
        assert spec.description, name
        assert spec.owners == ["team:data-engineering"], name
        assert spec.group_name not in (None, "default"), name
        assert spec.kinds, name
        schema = spec.metadata["dagster/column_schema"]
        columns = getattr(schema, "schema", schema).columns
        assert len(columns) >= 2, name


def test_every_asset_is_partitioned_by_practice(graph: dict[str, dg.AssetSpec]) -> None:
    assert all(spec.partitions_def.get_partition_keys() == ["harbor"] for spec in graph.values() if spec.partitions_def)
    assert all(spec.partitions_def for spec in graph.values())


def test_files_are_made_only_for_a_destination_that_sends_them(definitions: dg.Definitions) -> None:
    jobs = {
        job.name: {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
        for job in definitions.resolve_all_job_defs()
    }
    made = {"files/letter", "files/radiograph"}
    assert {*made, "files/chart", "freshsales/files", "freshsales/visit_history"} <= jobs["full_migration_freshsales"]
    assert not made & jobs["full_migration_highlevel"]
    assert {"files/chart", "highlevel/files"} <= jobs["full_migration_highlevel"]


def test_every_check_records_its_practice(definitions: dg.Definitions) -> None:
    specs = [spec for check in definitions.asset_checks or [] for spec in check.check_specs]
    per_object, per_crm = 3 * (len(OBJECTS) + len(FRESHSALES_OBJECTS)), 2 * 2
    assert len(specs) == 2 * len(TABLES) + 1 + per_object + per_crm
    assert all(spec.partitions_def is not None for spec in specs)


def test_what_the_crm_holds_is_looked_for_before_anything_like_it_is_loaded(graph: dict[str, dg.AssetSpec]) -> None:
    for crm, objects in (
        ("highlevel", {"companies", "contacts"}),
        ("freshsales", {"sales_accounts", "providers", "referring_dentists", "contacts"}),
    ):
        needs = {dep.asset_key.to_user_string() for dep in graph[f"{crm}/matches"].deps}
        assert needs == {f"{crm}/account", *(f"{crm}/shaped/{name}" for name in objects)}
        for name in objects:
            assert f"{crm}/matches" in {dep.asset_key.to_user_string() for dep in graph[f"{crm}/loaded/{name}"].deps}


def test_looking_for_matches_loads_nothing(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("match_highlevel")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert {"highlevel/matches", "highlevel/account", "highlevel/shaped/contacts"} <= keys
    assert not any(part in key for key in keys for part in ("/loaded/", "/readback/"))


def test_there_is_a_sample_and_a_full_job_per_destination(definitions: dg.Definitions) -> None:
    names = {job.name for job in definitions.resolve_all_job_defs()}
    assert {"sample_migration_highlevel", "full_migration_highlevel"} <= names
    assert {"sample_migration_freshsales", "full_migration_freshsales"} <= names


@pytest.mark.parametrize(
    ("job", "chosen", "loads"),
    [
        ("full_migration_highlevel", None, LoadPass.FULL),
        ("sample_migration_highlevel", None, LoadPass.SAMPLE),
        ("full_migration_highlevel", LoadPass.RETRY, LoadPass.RETRY),
        ("reconcile_highlevel", None, LoadPass.SAMPLE),
    ],
)
def test_a_load_is_of_its_jobs_pass_and_the_harmless_one_where_nothing_says(
    definitions: dg.Definitions, job: str, chosen: LoadPass | None, loads: LoadPass
) -> None:
    run = dg.DagsterRun(job_name=job, tags=dict(definitions.resolve_job_def(job).tags))
    assert pass_of(run, chosen) is loads


def test_p12_a_load_begins_only_after_its_plan_and_the_plan_asks_nothing_of_the_crm(
    definitions: dg.Definitions, graph: dict[str, dg.AssetSpec]
) -> None:
    for crm in ("highlevel", "freshsales"):
        assert f"{crm}/request_plan" in {dep.asset_key.to_user_string() for dep in graph[f"{crm}/account"].deps}
        job = definitions.resolve_job_def(f"request_plan_{crm}")
        keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
        assert f"{crm}/request_plan" in keys
        assert not {key for key in keys if key.startswith((f"{crm}/account", f"{crm}/loaded", f"{crm}/readback"))}


def test_another_bindings_file_beside_the_mappings_is_no_destination(tmp_path: Path) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(PROJECT / "mappings", mappings)
    shutil.copy(mappings / "panda.yaml", mappings / "my-panda.yaml")
    assert Workplace(tmp_path, mappings).destinations() == ["freshsales", "highlevel"]


def _jobs(definitions: dg.Definitions) -> list[dg.JobDefinition]:
    repository = definitions.get_repository_def()
    return [job for job in repository.get_all_jobs() if not job.name.startswith("__")]


def test_everything_the_ui_lists_says_what_it_is(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    named: dict[str, str | None] = {
        **{f"job {job.name}": job.description for job in _jobs(definitions)},
        **{f"sensor {sensor.name}": sensor.description for sensor in repository.sensor_defs},
        **{f"asset {key.to_user_string()}": graph.get(key).description for key in graph.get_all_asset_keys()},
        **{f"check {key}": graph.get(key).description for key in graph.asset_check_keys},
    }
    assert [name for name, description in named.items() if not description] == []


def test_every_entry_of_a_launchpad_has_a_description(definitions: dg.Definitions) -> None:
    without = set()
    for job in _jobs(definitions):
        steps = [node.definition for node in job.nodes if isinstance(node.definition, dg.OpDefinition)]
        schemas = {step.name: step.config_schema for step in steps}
        schemas |= {name: resource.config_schema for name, resource in job.resource_defs.items()}
        for owner, schema in schemas.items():
            fields = getattr(schema.as_field().config_type, "fields", {}) or {}
            without |= {f"{owner}.{name}" for name, field in fields.items() if not field.description}
    assert {name for name in without if not name.startswith("io_manager.")} == set()


def test_what_a_launchpad_starts_with_is_valid_and_names_no_folder(definitions: dg.Definitions) -> None:
    for job in _jobs(definitions):
        config = job.partitioned_config.get_run_config_for_partition_key("harbor") if job.partitioned_config else {}
        assert dg.validate_run_config(job, config)
        assert str(PROJECT) not in str(job.run_config_schema.config_type.fields["resources"].default_value), job.name


def test_a_full_load_that_takes_too_long_is_refused_until_somebody_says_otherwise(definitions: dg.Definitions) -> None:
    for load_pass in LoadPass:
        job = definitions.get_repository_def().get_job(job_name(load_pass, "highlevel"))
        assert job.partitioned_config
        config = job.partitioned_config.get_run_config_for_partition_key("harbor")
        anyway = config["ops"]["highlevel__request_plan"]["config"]["anyway"]
        assert anyway is (load_pass is not LoadPass.FULL)
