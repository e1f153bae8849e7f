"""The laws of the containers: no root, nothing floating, no port for others, no secret in a file that is kept."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from perio_pipeline.definitions import defs
from perio_pipeline_tests.end_to_end.world import PROJECT

DOCKER = PROJECT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
VARIABLE = re.compile(r"\b((?:PERIO|DAGSTER|PG|POSTGRES|MSSQL|ACCEPT)_?[A-Z0-9_]*)\b")


def load(name: str) -> Any:
    return YAML(typ="safe").load((DOCKER / name).read_text(encoding="utf-8"))


COMPOSE = load("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HELM = load("helm-values.yaml")
ONCE = {"migrate", "perio", "sample-sqlserver"}
"""Services that do something and end."""


def environment_of(service: dict[str, Any]) -> set[str]:
    """Names of all variables of a service: its own, and those of its files' examples."""
    names = set(service.get("environment", {}))
    for file in service.get("env_file", []):
        names |= set(examples(DOCKER / f"{file}.example"))
    return names


def examples(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_image_runs_as_nobody_special_and_holds_no_compiler() -> None:
    final = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert not re.search(r"gcc|g\+\+|build-essential|-dev\b|pip install", final)
    assert "--require-hashes" in DOCKERFILE
    assert "--only-binary=:all:" in DOCKERFILE
    assert "HEALTHCHECK" in final
    assert re.search(r"rm -rf .*/bin/pip\*", final), "the base image brings one"


def test_every_file_the_image_copies_is_let_through_and_nothing_else() -> None:
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in line.split()
    }
    assert all((PROJECT / name).exists() for name in copied)
    let_through = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert let_through[0] == "**"
    assert {line.removeprefix("!") for line in let_through if line.startswith("!")} == copied


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_the_laws(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name != "sqlserver":  # Microsoft's image names its own user, and writes beside its data
        assert not service["user"].startswith(("0", "root"))
        assert service["read_only"]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert (name in ONCE) == (service["restart"] == "no")
    health = service.get("healthcheck", {})
    assert health.get("disable") if name in ONCE else health.get("test") or name == "code"
    for port in service.get("ports", []):
        assert str(port).startswith("127.0.0.1:"), "for this machine only"


def test_whoever_waits_waits_for_health_or_for_an_end() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == wanted, f"{name} → {other}"


def test_no_image_floats() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)
    images += [f"{each['image']['repository']}:{each['image']['tag']}" for each in helm_pods()]
    for image in images:
        tag = image.rpartition(":")[2]
        assert re.search(r"\d+\.\d+|CU\d+", tag), image
        assert tag != "latest"


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    kept = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "docker"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not [name for name in kept if name.endswith(".env")]
    for example in (DOCKER / "env").glob("*.env.example"):
        for name, value in examples(example).items():
            assert value == "" or value.startswith("pit-sandbox-"), name
    for service in SERVICES.values():
        secret = [name for name in service.get("environment", {}) if re.search("PASSWORD|KEY|TOKEN", name)]
        assert secret == []
        assert "PASSWORD" not in str(service.get("command", "")).replace("$${MSSQL_SA_PASSWORD}", "")


def test_each_secret_is_given_to_who_needs_it_only() -> None:
    holders = {
        secret: {name for name, service in SERVICES.items() if secret in environment_of(service)}
        for secret in ("POSTGRES_PASSWORD", "PERIO_JOURNAL_KEY", "PGPASSWORD", "PERIO_DAGSTER_PG_PASSWORD")
    }
    opens_values = {"code", "perio", "sandbox-highlevel", "sandbox-freshsales"}
    assert holders["POSTGRES_PASSWORD"] == {"postgres"}
    assert holders["PERIO_JOURNAL_KEY"] == opens_values
    assert holders["PGPASSWORD"] == {*opens_values, "postgres"}
    assert {"webserver", "daemon"} <= holders["PERIO_DAGSTER_PG_PASSWORD"]
    with_data = {name for name, each in SERVICES.items() if "data:/data" in each.get("volumes", [])}
    assert with_data == opens_values, "the webserver and the daemon see no patient's value"


def test_under_one_host_name_are_the_same_processes() -> None:
    """A run is taken for dead by its host's name and its process's number (defs/earlier_runs.py)."""
    launching = SERVICES["perio"]
    assert launching["network_mode"] == launching["pid"] == "service:code", "it has the code server's host name"
    assert SERVICES["code"]["hostname"], "runs of a container that was made anew are found by the same name"


def test_the_journals_login_asks_for_the_servers_health() -> None:
    """Its password is `PGPASSWORD` there: as anybody else each look would be a refused login in the server's log."""
    test = SERVICES["postgres"]["healthcheck"]["test"]
    assert f"//{test[test.index('--username') + 1]}@" in SERVICES["code"]["environment"]["PERIO_JOURNAL_URL"]


def test_new_secrets_are_random_for_their_owner_only_and_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "docker"
    (folder / "env").mkdir(parents=True)
    for example in (DOCKER / "env").glob("*.env.example"):
        (folder / "env" / example.name).write_bytes(example.read_bytes())
    (folder / "new-secrets.sh").write_bytes((DOCKER / "new-secrets.sh").read_bytes())
    for _ in range(2):
        subprocess.run(["sh", folder / "new-secrets.sh"], check=True, capture_output=True)
        written = {path.name: path.read_bytes() for path in (folder / "env").glob("*.env")}
        assert len(written) == len(list((folder / "env").glob("*.example")))
    values = [v for path in (folder / "env").glob("*.env") for v in examples(path).values()]
    assert all(values)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in (folder / "env").glob("*.env"))
    before = dict(written)
    subprocess.run(["sh", folder / "new-secrets.sh"], check=True, capture_output=True)
    assert before == {path.name: path.read_bytes() for path in (folder / "env").glob("*.env")}


def test_the_images_packages_are_those_that_are_tested() -> None:
    tested = dict(PIN.findall((PROJECT / "requirements.lock").read_text(encoding="utf-8")))
    shipped = dict(PIN.findall((DOCKER / "requirements.lock").read_text(encoding="utf-8")))
    assert {name: tested[name] for name in shipped if name in tested} == {
        name: version for name, version in shipped.items() if name in tested
    }
    assert {"dagster-postgres", "dagster-k8s", "mssql-python"} <= shipped.keys()
    assert not {"pytest", "mypy", "ruff", "uv"} & shipped.keys(), "nothing that only developers need"


def test_the_instances_are_the_same_but_for_where_they_keep_things() -> None:
    here = YAML(typ="safe").load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    there = load("dagster.yaml")
    # Without a name SQLAlchemy 2.1 takes psycopg 3, and the webserver's connections are closed under it.
    driver = there["storage"]["postgres"]["postgres_db"]["scheme"]
    assert driver == HELM["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    for place in ("storage", "local_artifact_storage"):
        assert here.pop(place) != there.pop(place)
    assert here == there
    daemon = HELM["dagsterDaemon"]
    assert daemon["runRetries"]["maxRetries"] == there["run_retries"]["max_retries"]
    limit = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]["maxConcurrentRuns"]
    assert limit == there["concurrency"]["runs"]["max_concurrent_runs"]
    assert HELM["additionalInstanceConfig"]["concurrency"]["pools"] == there["concurrency"]["pools"]
    assert HELM["computeLogManager"]["type"] == there["compute_logs"]["class"]


def test_the_code_servers_name_is_the_one_history_hangs_on() -> None:
    place = load("workspace.yaml")["load_from"][0]["grpc_server"]
    assert place["host"] in SERVICES
    assert f'"-p", "{place["port"]}"' in DOCKERFILE
    assert f'"--location-name", "{place["location_name"]}"' in DOCKERFILE
    local = YAML(typ="safe").load((PROJECT / "workspace.yaml").read_text(encoding="utf-8"))
    assert local["load_from"][0]["python_module"]["location_name"] == place["location_name"]
    assert defs().resolve_all_job_defs(), "what the code server loads is there"


def helm_pods() -> list[dict[str, Any]]:
    return [*HELM["dagster-user-deployments"]["deployments"], HELM["dagsterWebserver"], HELM["dagsterDaemon"]]


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def test_no_pod_has_more_rights_than_it_needs() -> None:
    for pod in helm_pods():
        assert pod["podSecurityContext"]["runAsNonRoot"]
        assert pod["podSecurityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["readOnlyRootFilesystem"]
        assert not pod["securityContext"]["allowPrivilegeEscalation"]
        assert pod["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["resources"]["limits"]
    launcher = HELM["runLauncher"]["config"]["k8sRunLauncher"]
    for code in HELM["dagster-user-deployments"]["deployments"]:  # whose resources are laid over the launcher's
        assert code["resources"] == launcher["resources"]
        run = launcher["runK8sConfig"]["podSpecConfig"]["security_context"]
        assert run == {snake(name): value for name, value in code["podSecurityContext"].items()}
    assert HELM["runLauncher"]["type"] == "K8sRunLauncher"
    assert launcher["runK8sConfig"]["jobSpecConfig"]["backoff_limit"] == 0, "Kubernetes repeats no load by itself"
    assert HELM["dagsterWebserver"]["service"]["type"] == "ClusterIP"
    assert not HELM["ingress"]["enabled"]
    assert not HELM["postgresql"]["enabled"]


def test_every_variable_is_documented() -> None:
    told = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    used = set().union(*(environment_of(service) for service in SERVICES.values()))
    used |= set(re.findall(r"^\s*(?:ENV )?([A-Z][A-Z_]+)=", DOCKERFILE, re.MULTILINE))
    own = {name for name in used if VARIABLE.fullmatch(name)} - {"PERIO_HARBOR_HIGHLEVEL_TOKEN"}
    assert own - set(VARIABLE.findall(told)) == {"PERIO_HARBOR_FRESHSALES_TOKEN"}, "tokens are the practice's own"
