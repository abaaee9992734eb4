"""Airflow's plugin loader finds this file; everything it offers lives in ``probity_airflow``.

Loaded by every Airflow process, workers too, so it imports nothing of its own: the pages' app is made when the
first request comes in.
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import conf

PREFIX = "/probity"


class Pages:
    """The ASGI app of the pages, made at the first request."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.app is None:
            from probity_airflow.pages.app import create_app

            self.app = create_app()
        await self.app(scope, receive, send)


class ProbityPlugin(AirflowPlugin):
    """廉政稽核: the office's pages in the navigation, behind Airflow's own login."""

    name = "probity"
    fastapi_apps: ClassVar[list[Any]] = [{"app": Pages(), "url_prefix": PREFIX, "name": "Probity"}]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "廉政稽核",
            "href": urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + PREFIX + "/",
            "url_route": "probity",
            "destination": "nav",
        }
    ]
