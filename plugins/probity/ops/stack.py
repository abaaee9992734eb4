"""The whole set-up on one machine: embedded PostgreSQL, mailbox, Airflow; started in order, stopped in reverse.

In: settings without database or mail server (or with those of the environment). Out: settings that name the running
ones. It exists so that demo, up, backfill and the tests of the real scheduler start the very same thing.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable

from probity.ops.airflow_process import AirflowOptions, AirflowProcess
from probity.ops.local import undisturbed
from probity.ops.mailbox import Mailbox
from probity.ops.postgres import EmbeddedPostgres
from probity.settings import Settings

Tell = Callable[[str], None]


def _silent(_: str) -> None:
    return None


class Database:
    """Probity's database, and Airflow's beside it: the embedded server, or the one that the environment names.

    With ``PROBITY_DATABASE_URL`` set, Airflow's own database is ``PROBITY_AIRFLOW_DATABASE_URL``.
    """

    def __init__(self, settings: Settings, *, throwaway: bool = False, adopt: bool = False) -> None:
        self.home = settings.home
        self.probity_url = settings.database_url
        self.airflow_url = os.environ.get("PROBITY_AIRFLOW_DATABASE_URL", "")
        self.server: EmbeddedPostgres | None = None
        if not self.probity_url:
            self.server = EmbeddedPostgres(settings.home / "postgres", throwaway=throwaway, adopt=adopt)

    def start(self) -> Database:
        """PostgresError when the embedded server does not start; ValueError when only half of the URLs is given."""
        if self.server is not None:
            self.server.start()
            self.probity_url = self.server.create_database("probity")
            self.airflow_url = self.server.create_database("airflow")
        return self

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def __enter__(self) -> Database:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Stack:
    """Everything, over one home. ``settings`` is complete once ``start`` has begun. ``local_mail``: mails go to a
    mailbox of ours (always so in demo and tests), else to the server of ``settings.smtp_url``."""

    def __init__(
        self,
        settings: Settings,
        *,
        options: AirflowOptions | None = None,
        throwaway: bool = False,
        local_mail: bool = True,
    ) -> None:
        self.options = options or AirflowOptions()
        self.database = Database(settings, throwaway=throwaway, adopt=True)
        self.mailbox: Mailbox | None = None
        if local_mail:
            self.mailbox = Mailbox(settings.home / "mail")
        self.settings = settings
        self.airflow: AirflowProcess | None = None

    def start(self, tell: Tell = _silent, meanwhile: Callable[[Settings], None] | None = None) -> Stack:
        """Start all parts; ``meanwhile`` runs beside Airflow's migration with the complete settings (the demo writes
        its files then). Whatever was started is stopped again when one part fails."""
        try:
            self._start(tell, meanwhile)
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self, tell: Tell, meanwhile: Callable[[Settings], None] | None) -> None:
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.settings.home.chmod(0o711)  # selections lie below: nobody else may list it
        self.settings.drop.mkdir(parents=True, exist_ok=True)
        self.database.start()
        tell("資料庫已啟動 (database)")
        if self.mailbox is not None:
            self.mailbox.start()
        smtp = self.settings.smtp_url if self.mailbox is None else self.mailbox.url
        self.settings = dataclasses.replace(self.settings, database_url=self.database.probity_url, smtp_url=smtp)
        if not self.database.airflow_url:
            raise ValueError("PROBITY_DATABASE_URL is set: set PROBITY_AIRFLOW_DATABASE_URL too")
        self.airflow = AirflowProcess(self.settings, self.database.airflow_url, self.options)
        self.settings = self.airflow.settings = dataclasses.replace(self.settings, ui_url=self.airflow.url)

        failure: list[BaseException] = []

        def airflow_tables() -> None:
            try:
                assert self.airflow is not None
                self.airflow.migrate()
            except BaseException as error:
                failure.append(error)

        migration = threading.Thread(target=airflow_tables, name="airflow-db-migrate")
        migration.start()
        try:
            from probity import store

            store.migrate(self.settings)
            if meanwhile is not None:
                meanwhile(self.settings)
        finally:
            migration.join()
        if failure:
            raise failure[0]
        tell("資料表已就緒 (tables)")
        names = {"metadatabase": "", "scheduler": "排程器 (scheduler)", "dag_processor": "流程讀取器 (dag-processor)"}
        self.airflow.start(
            tell=lambda part: tell(f"Airflow {names.get(part, part)}") if names.get(part, part) else None
        )

    def stop(self) -> None:
        """Stop all parts, the last started first; a second Ctrl-C does not break this off."""
        with undisturbed():
            if self.airflow is not None:
                self.airflow.stop()
            if self.mailbox is not None:
                self.mailbox.stop()
            self.database.stop()

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
