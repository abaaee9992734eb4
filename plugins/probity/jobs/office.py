"""The office: what every step works with (settings, object store, database), and how its results are kept.

In: settings. Out: manifests (content-addressed JSON that names every input of a step by digest), step records
and trail records written in one transaction. Every write is keyed by content, so that two runs of a step at
once, a retry or a backfill leave one row.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from probity import canonical, config
from probity.settings import Settings
from probity.store import db
from probity.store.objects import ObjectStore, write_atomic

log = logging.getLogger(__name__)

# Libraries on which the bytes of a result may depend: signals and lists, workbook, letters, texts.
LIBRARIES = ("duckdb", "jinja2", "numpy", "openpyxl", "pandas", "pyarrow", "python-docx", "scipy")
RULE_FOLDERS = {"sql": "*.sql", "config": "*.yaml", "templates": "*"}


class Office:
    """One office at one place: the owner of settings, objects and the database of a job."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.objects = ObjectStore(settings.objects)

    @cached_property
    def engine(self) -> Engine:
        return db.engine(self.settings)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with db.session_scope(self.engine) as session:
            yield session

    # -- rules ------------------------------------------------------------------------------------------------
    def archive_rules(self) -> dict[str, str]:
        """Lay every rule file (SQL, config, templates) down by content; returns ``folder/path`` -> digest.

        ``recipients.yaml`` stays out: who gets a report does not decide what is in it.
        """
        rules: dict[str, str] = {}
        for folder, pattern in RULE_FOLDERS.items():
            root: Path = getattr(self.settings, folder)
            for path in sorted(root.rglob(pattern)):
                relative = f"{folder}/{path.relative_to(root).as_posix()}"
                if path.is_file() and not path.name.startswith(".") and relative != "config/recipients.yaml":
                    rules[relative] = self.objects.put_bytes(path.read_bytes(), "rule")
        return rules

    def rules(self, manifest: Mapping[str, Any]) -> RuleBook:
        """The archived rules of a manifest, unpacked once into a folder named by their digest. A copy that was
        changed since is written anew; ValueError when the archived rule itself was altered."""
        rules: dict[str, str] = manifest["rules"]
        root = self.settings.home / "rules" / canonical.digest(rules)
        for relative, digest in rules.items():
            target = root / relative
            if not target.exists() or canonical.file_digest(target) != digest:
                write_atomic(target, self.objects.get_bytes(digest, "rule"))
        return RuleBook(root)

    # -- manifests --------------------------------------------------------------------------------------------
    def put_tables(self, tables: Mapping[str, pa.Table]) -> dict[str, dict[str, Any]]:
        """Lay the tables down; returns name -> {digest, rows}."""
        return {n: {"digest": self.objects.put_table(t), "rows": t.num_rows} for n, t in sorted(tables.items())}

    def tables(self, manifest: Mapping[str, Any]) -> dict[str, pa.Table]:
        return {n: self.objects.get_table(s["digest"]) for n, s in manifest["snapshots"].items()}

    def manifest(self, ref: str, kind: str) -> dict[str, Any]:
        """The manifest ``ref``; ValueError when it is of another kind."""
        manifest: dict[str, Any] = self.objects.get_json(ref)
        if manifest["kind"] != kind:
            raise ValueError(f"manifest {ref} is a {manifest['kind']} manifest, expected {kind}")
        return manifest


class RuleBook:
    """The rules a run goes by: the folders as they were when the run collected its inputs."""

    def __init__(self, root: Path) -> None:
        self.sql = root / "sql"
        self.config = root / "config"
        self.templates = root / "templates"

    def load(self, name: str) -> Any:
        return config.load(self.config, name)

    @cached_property
    def thresholds(self) -> list[dict[str, Any]]:
        return config.thresholds(self.config)


def versions() -> dict[str, str]:
    """The versions on which a result may depend; part of every inputs manifest."""
    return {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES}
