"""The service account with which our own tasks speak to Airflow's REST API.

In: the Airflow connection ``probity_api`` (host, port, login, password; schema https where it is), else the local
set-up's own officer. Out: an API client.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from probity_airflow import wording
from probity_airflow.errors import failed

if TYPE_CHECKING:
    from probity.ops.airflow_api import AirflowApi
    from probity.settings import Settings

CONNECTION = "probity_api"
LOCAL_USER = "officer"


def service_account(settings: Settings) -> AirflowApi:
    """The client, not yet logged in. AirflowFailException (zh-TW) when there is no account at all."""
    from probity.ops.airflow_api import AirflowApi

    try:
        found = Connection.get(CONNECTION)
    except AirflowNotFoundException:
        local = settings.home / "secrets" / "airflow_users.json"
        if not local.exists():
            raise failed(wording.text("watch_no_api")) from None
        password = json.loads(local.read_text(encoding="utf-8"))[LOCAL_USER]
        return AirflowApi(settings.ui_url, LOCAL_USER, password)
    port = f":{found.port}" if found.port else ""
    return AirflowApi(f"{found.schema or 'http'}://{found.host}{port}", found.login or "", found.password or "")
