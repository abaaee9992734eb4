"""Every path, URL, limit and secret name, in one place.

In: the environment (``PROBITY_*``). Out: one frozen ``Settings``. Nothing else in the package reads
``os.environ``; tests build a Settings of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TIMEZONE = "Asia/Taipei"


@dataclass(frozen=True)
class Settings:
    """Where things are. ``home`` holds all that a running Probity writes; the project folder is only read.

    ``database_url`` is a SQLAlchemy URL of PostgreSQL, empty when none is configured (the launcher
    starts the embedded server and sets it). ``smtp_url`` is ``smtp://host:port`` (no TLS),
    ``smtp+starttls://user:password@host:port`` or ``smtps://...``. ``seal_key_file`` holds the key of the
    keyed HMACs; it lies outside the database.
    """

    home: Path
    drop: Path
    database_url: str
    smtp_url: str
    mail_from: str
    config: Path = ROOT / "include" / "config"
    sql: Path = ROOT / "include" / "sql"
    templates: Path = ROOT / "include" / "templates"
    ui_url: str = "http://127.0.0.1:8080"
    max_file_bytes: int = 512 * 1024 * 1024
    max_unpacked_bytes: int = 2 * 1024 * 1024 * 1024

    @property
    def objects(self) -> Path:
        """Content-addressed store: snapshots, manifests, archived rules."""
        return self.home / "objects"

    @property
    def reports(self) -> Path:
        """Published workbooks, letters and gate pages."""
        return self.home / "reports"

    @property
    def seal_key_file(self) -> Path:
        return self.home / "secrets" / "seal.key"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``PROBITY_HOME``, ``PROBITY_DROP``, ``PROBITY_DATABASE_URL``, ``PROBITY_SMTP_URL``,
    ``PROBITY_MAIL_FROM``, ``PROBITY_CONFIG``, ``PROBITY_UI_URL``; each has a default for one machine."""
    env = os.environ if environ is None else environ
    home = Path(env.get("PROBITY_HOME") or ROOT / "var").resolve()
    return Settings(
        home=home,
        drop=Path(env.get("PROBITY_DROP") or home / "drop").resolve(),
        database_url=env.get("PROBITY_DATABASE_URL", ""),
        smtp_url=env.get("PROBITY_SMTP_URL", "smtp://127.0.0.1:8025"),
        mail_from=env.get("PROBITY_MAIL_FROM", "probity@ethics.example.gov.tw"),
        config=Path(env.get("PROBITY_CONFIG") or ROOT / "include" / "config").resolve(),
        ui_url=env.get("PROBITY_UI_URL", "http://127.0.0.1:8080").rstrip("/"),
    )
