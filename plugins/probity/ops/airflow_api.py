"""A small client of Airflow's public HTTP API (v2, Airflow 3.3): what the demo, the CLI and the tests need of it.

In: the server's address, a login. Out: plain dicts as the API gives them. Every refusal becomes an ``ApiError`` whose
text a person understands; a second backfill while one is active (409) becomes ``Busy``.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import httpx

HITL_WAITING = ("awaiting_input", "deferred")


class ApiError(RuntimeError):
    """Airflow refused or could not be reached; ``status`` is its HTTP status, 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Busy(ApiError):
    """Airflow answered 409: what was asked for is already there or under way."""


class AirflowApi:
    """One login at one server. Logs in at the first request and again when the token has expired."""

    def __init__(self, url: str, user: str, password: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.user = user
        self._password = password
        self._client = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)
        self._token: str | None = None

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    # plumbing
    def request(self, method: str, path: str, *, json: Any = None, params: Any = None) -> Any:
        """The answer's JSON (None when empty). ApiError with the server's own explanation on every 4xx and 5xx."""
        answer = self._send(method, path, json, params)
        if answer.status_code == 401:
            self._token = None
            answer = self._send(method, path, json, params)
        if answer.status_code >= 400:
            kind = Busy if answer.status_code == 409 else ApiError
            raise kind(_explain(answer), answer.status_code)
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, json: Any, params: Any) -> httpx.Response:
        if self._token is None:
            self._token = self._log_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            return self._client.request(method, f"/api/v2{path}", json=json, params=params, headers=headers)
        except httpx.TransportError as error:
            raise ApiError(f"Airflow at {self.url} does not answer: {error}") from error

    def _log_in(self) -> str:
        try:
            answer = self._client.post("/auth/token", json={"username": self.user, "password": self._password})
        except httpx.TransportError as error:
            raise ApiError(f"Airflow at {self.url} does not answer: {error}") from error
        if answer.status_code >= 400:
            raise ApiError(f"Airflow refused the login of {self.user}: {_explain(answer)}", answer.status_code)
        return answer.json()["access_token"]

    def _all(self, path: str, key: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a paged list."""
        items: list[dict[str, Any]] = []
        while True:
            page = self.request("GET", path, params={**(params or {}), "limit": 100, "offset": len(items)})
            items += page[key]
            if not page[key] or len(items) >= page.get("total_entries", 0):
                return items

    # the server
    def health(self) -> dict[str, str]:
        """Part -> status ('healthy', ...); empty while the server does not answer. Needs no login."""
        try:
            answer = self._client.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return {}
        if answer.status_code != 200:
            return {}
        return {name: (part or {}).get("status") or "unknown" for name, part in answer.json().items()}

    # DAGs and runs
    def dags(self) -> list[dict[str, Any]]:
        return self._all("/dags", "dags", {"exclude_stale": True})

    def import_errors(self) -> list[dict[str, Any]]:
        return self._all("/importErrors", "import_errors")

    def wait_for_dag(self, dag_id: str, timeout: float = 120.0) -> dict[str, Any]:
        """The DAG once the dag-processor has read it. ApiError with the import errors when it does not come."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                return self.request("GET", f"/dags/{dag_id}")
            except ApiError as error:
                if error.status != 404:
                    raise
            time.sleep(0.3)
        errors = "; ".join(f"{e['filename']}: {e['stack_trace'].strip()[-500:]}" for e in self.import_errors())
        raise ApiError(f"DAG {dag_id} did not appear in {timeout:.0f} s. Import errors: {errors or 'none'}")

    def unpause(self, dag_id: str, paused: bool = False) -> None:
        self.request("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def trigger(
        self, dag_id: str, conf: dict[str, Any] | None = None, partition_key: str | None = None
    ) -> dict[str, Any]:
        """Start one run by hand; ``partition_key`` is the period ('2021-03')."""
        body: dict[str, Any] = {"logical_date": None, "conf": conf or {}}
        if partition_key is not None:
            body["partition_key"] = partition_key
        return self.request("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def runs(self, dag_id: str, **filters: Any) -> list[dict[str, Any]]:
        """Runs, oldest first: dag_run_id, partition_key, state, run_type, start_date, end_date, ..."""
        return self._all(f"/dags/{dag_id}/dagRuns", "dag_runs", {"order_by": "id", **filters})

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return self.request("GET", f"/dags/{dag_id}/dagRuns/{_quote(run_id)}")

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return self._all(f"/dags/{dag_id}/dagRuns/{_quote(run_id)}/taskInstances", "task_instances")

    def clear(self, dag_id: str, run_id: str, task_ids: list[str], downstream: bool = True) -> list[dict[str, Any]]:
        """Run these tasks of a run again (and what comes after them)."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": task_ids,
            "include_downstream": downstream,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        return self.request("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)["task_instances"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """The plain text of a task's log, a line an event."""
        path = f"/dags/{dag_id}/dagRuns/{_quote(run_id)}/taskInstances/{task_id}/logs/{try_number}"
        content = self.request("GET", path, params={"full_content": True, "map_index": map_index})["content"]
        if isinstance(content, str):
            return content
        return "\n".join(_log_line(line) for line in content)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        path = f"/dags/{dag_id}/dagRuns/{_quote(run_id)}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.request("GET", path, params={"deserialize": True})["value"]

    # backfills
    def backfill(
        self,
        dag_id: str,
        start: dt.datetime,
        end: dt.datetime,
        *,
        reprocess: str = "none",
        max_active_runs: int = 4,
        conf: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Start a backfill of the runs between ``start`` and ``end``, both with a time zone (a naive date would be
        read as UTC and lose the first month: ValueError). ``reprocess``: none, failed, completed.
        Busy when one is active for this DAG."""
        if start.tzinfo is None or end.tzinfo is None:
            raise ValueError("a backfill needs dates with their time zone (+08:00)")
        body = {
            "dag_id": dag_id,
            "from_date": start.isoformat(),
            "to_date": end.isoformat(),
            "reprocess_behavior": reprocess,
            "max_active_runs": max_active_runs,
            "run_backwards": False,
            "dag_run_conf": conf or {},
        }
        try:
            return self.request("POST", "/backfills", json=body)
        except Busy as error:
            raise Busy(f"{dag_id} 已有回補作業進行中，請待其完成後再執行。(Airflow: {error})", 409) from error

    def backfills(self, dag_id: str) -> list[dict[str, Any]]:
        return self._all("/backfills", "backfills", {"dag_id": dag_id})

    def backfill_status(self, backfill_id: int) -> dict[str, Any]:
        return self.request("GET", f"/backfills/{backfill_id}")

    # people
    def waiting(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Human-in-the-loop requests that nobody has answered and whose task waits (subject, body, options,
        params, task_instance...), oldest first."""
        path = f"/dags/{dag_id}/dagRuns/~/hitlDetails"
        details = self._all(path, "hitl_details", {"response_received": False, "order_by": "created_at"})
        return [d for d in details if d["task_instance"]["state"] in HITL_WAITING]

    def answered(self, dag_id: str = "~") -> list[dict[str, Any]]:
        """Those that were: chosen_options, params_input, responded_by_user {id, name}, responded_at."""
        return self._all(f"/dags/{dag_id}/dagRuns/~/hitlDetails", "hitl_details", {"response_received": True})

    def respond(self, detail: dict[str, Any], option: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer one of ``waiting()``: choose ``option``; form fields not given keep the request's own values.
        Busy when somebody has answered already."""
        task = detail["task_instance"]
        form = {name: field.get("value") for name, field in (detail.get("params") or {}).items()}
        unknown = set(params or {}) - set(form)
        if unknown:
            raise ApiError(f"the form has no field {', '.join(sorted(unknown))}")
        path = (
            f"/dags/{task['dag_id']}/dagRuns/{_quote(task['dag_run_id'])}"
            f"/taskInstances/{task['task_id']}/{task['map_index']}/hitlDetails"
        )
        body = {"chosen_options": [option], "params_input": {**form, **(params or {})}}
        return self.request("PATCH", path, json=body)


def _quote(run_id: str) -> str:
    from urllib.parse import quote

    return quote(run_id, safe="")


def _log_line(line: Any) -> str:
    """One event as text; of an exception its kind and message, as the UI's last line shows it."""
    if not isinstance(line, dict):
        return str(line)
    text = str(line.get("event", ""))
    details = line.get("error_detail")
    if details:
        last = details[-1]
        text += f": {last.get('exc_type')}: {last.get('exc_value')}"
    return text


def _explain(answer: httpx.Response) -> str:
    try:
        detail = answer.json().get("detail", answer.text)
    except ValueError:
        detail = answer.text
    if isinstance(detail, list):  # validation errors
        detail = "; ".join(f"{'.'.join(map(str, e.get('loc', [])))}: {e.get('msg')}" for e in detail)
    if isinstance(detail, dict):
        detail = detail.get("reason") or detail.get("message") or str(detail)
    return f"{answer.status_code} {detail}"[:1000]
