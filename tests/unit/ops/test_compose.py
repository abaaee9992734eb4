"""docker-compose.yaml: valid for the client where there is one, and in any case pinned, healthy, without secrets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
AIRFLOW = {"airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-worker"}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def plain() -> dict[str, Any]:
    """The file with its variables filled in, as the client would fill them."""
    values = {name: value or "filled-in" for name, value in example().items()}

    def fill(match: re.Match[str]) -> str:
        name, operator, default = match[1], match[2], match[3]
        if operator == ":?":
            assert name in values, f"{name} is required and not in .env.example"
        return values.get(name) or default

    text = re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", fill, TEXT)
    return yaml.safe_load(text)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return plain()["services"]


def test_the_client_accepts_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    client = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not client or client.returncode:
        assert plain()["services"]  # no client here: that it parses, and the tests below, must do
        return
    env = {**os.environ, **{name: value or "filled-in" for name, value in example().items()}}
    done = subprocess.run(
        [docker, "compose", "-f", str(ROOT / "docker-compose.yaml"), "config", "--quiet"],
        env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_service_is_there(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == AIRFLOW | {"airflow-init", "postgres", "redis", "mailcatcher"}


def test_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if "build" not in service:
            assert re.search(r":v?\d+\.\d+(\.\d+)?", service["image"]), name
    assert re.search(r"^FROM \S+:\d+\.\d+\.\d+", (ROOT / "Dockerfile").read_text(), re.M)


def test_every_long_running_service_is_watched_and_not_root(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert str(service["user"]).split(":")[0] not in ("root", "0"), name
        if name != "airflow-init":
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_nothing_is_published_beyond_loopback(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_in_the_files() -> None:
    for name, service in yaml.safe_load(TEXT)["services"].items():
        for key, value in service.get("environment", {}).items():
            bare = re.sub(r"\$\{[^}]*\}", "", str(value))
            if re.search("PASSWORD|SECRET|FERNET", key):
                assert bare == "", f"{name}: {key}"
            assert not re.search(r"://[^/@]*:[^/@]+@", bare), f"{name}: {key} has a password in its URL"
    for key, value in example().items():
        if re.search("PASSWORD|SECRET|KEY", key):
            assert value == "", key


def test_every_variable_is_explained_in_the_example() -> None:
    assert set(re.findall(r"\$\{(\w+)", TEXT)) == set(example())


def test_volumes_are_declared_and_dependencies_exist(services: dict[str, dict[str, Any]]) -> None:
    declared = set(plain()["volumes"])
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in declared or source.startswith("."), volume
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in ("service_healthy", "service_completed_successfully")
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other]


def test_the_image_carries_what_airflow_is_told_to_read(services: dict[str, dict[str, Any]]) -> None:
    copied = set(re.findall(r"^COPY \S+ (\S+) /opt/probity/", (ROOT / "Dockerfile").read_text(), re.M))
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == {"plugins", "dags", "include", "config"}
    assert copied <= allowed
    environment = services["airflow-worker"]["environment"]
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == "/opt/probity/dags"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
