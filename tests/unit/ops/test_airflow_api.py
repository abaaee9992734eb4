"""The client against a small HTTP server on loopback that answers as Airflow 3.3.2 was seen to answer."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from probity.ops.airflow_api import AirflowApi, ApiError, Busy

TAIPEI = dt.timezone(dt.timedelta(hours=8))


class Server(ThreadingHTTPServer):
    """Keeps what it was asked; tokens are numbered, so that an expired one can be told from a fresh one."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.tokens = 0
        self.expired: set[str] = set()
        self.busy = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_GET

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        split = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(split.query).items()}
        self.server.asked.append((self.command, split.path, body if body is not None else query))
        status, answer = self._route(split.path, query, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _route(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/auth/token":
            if body["password"] != "right":
                return 401, {"detail": "Invalid credentials"}
            self.server.tokens += 1
            return 201, {"access_token": f"token{self.server.tokens}"}
        if path == "/api/v2/monitor/health":
            return 200, {"scheduler": {"status": "healthy"}, "triggerer": {"status": None}, "dag_processor": None}
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token or token in self.server.expired:
            return 401, {"detail": "Token expired"}
        if path == "/api/v2/backfills":
            if self.server.busy:
                return 409, {"detail": "There is already a running backfill for dag proof"}
            return 200, {"id": 7, **body}
        if path.endswith("/dagRuns") and self.command == "GET":
            everything = [{"dag_run_id": f"run{n}"} for n in range(230)]
            offset, limit = int(query["offset"]), int(query["limit"])
            return 200, {"dag_runs": everything[offset : offset + limit], "total_entries": 230}
        if path.endswith("/hitlDetails") and self.command == "GET":
            return 200, {"hitl_details": [DETAIL, {**DETAIL, "task_instance": {**TASK, "state": "failed"}}],
                         "total_entries": 2}  # fmt: skip
        if path.endswith("/hitlDetails"):
            return 200, {"chosen_options": body["chosen_options"], "params_input": body["params_input"]}
        return 422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}


TASK = {"dag_id": "job", "dag_run_id": "backfill__2021-01-31T22:00:00+00:00__2021-02__w", "task_id": "approve",
        "map_index": -1, "state": "awaiting_input", "id": "t1"}  # fmt: skip
DETAIL = {
    "subject": "名單",
    "options": ["核准", "退回"],
    "params": {"seed": {"value": "", "schema": {}}, "list_code": {"value": "ABCD1234", "schema": {}}},
    "task_instance": TASK,
}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def api(server: Server) -> Iterator[AirflowApi]:
    with AirflowApi(server.url, "approver", "right") as client:
        yield client


def test_logs_in_once_and_again_when_the_token_has_expired(server: Server, api: AirflowApi) -> None:
    api.runs("job")
    assert server.tokens == 1
    server.expired.add("token1")
    api.runs("job")
    assert server.tokens == 2


def test_wrong_password_and_silent_server_are_told_plainly(server: Server) -> None:
    with pytest.raises(ApiError, match="refused the login of approver: 401 Invalid"):
        AirflowApi(server.url, "approver", "wrong").runs("job")
    with pytest.raises(ApiError, match="does not answer"):
        AirflowApi("http://127.0.0.1:9", "approver", "right").runs("job")


def test_every_page_is_read(api: AirflowApi) -> None:
    assert len({run["dag_run_id"] for run in api.runs("job")}) == 230


def test_health_needs_no_login(server: Server, api: AirflowApi) -> None:
    assert api.health() == {"scheduler": "healthy", "triggerer": "unknown", "dag_processor": "unknown"}
    assert server.tokens == 0
    assert AirflowApi("http://127.0.0.1:9", "x", "y").health() == {}


def test_backfill_sends_the_offset_and_refuses_a_date_without_one(server: Server, api: AirflowApi) -> None:
    first, last = dt.datetime(2021, 1, 1, tzinfo=TAIPEI), dt.datetime(2021, 3, 31, tzinfo=TAIPEI)
    api.backfill("proof", first, last)
    body = server.asked[-1][2]
    assert (body["from_date"], body["to_date"]) == ("2021-01-01T00:00:00+08:00", "2021-03-31T00:00:00+08:00")
    with pytest.raises(ValueError, match="time zone"):
        api.backfill("proof", first.replace(tzinfo=None), last)


def test_a_second_backfill_is_busy_in_words(server: Server, api: AirflowApi) -> None:
    server.busy = True
    first, last = dt.datetime(2021, 1, 1, tzinfo=TAIPEI), dt.datetime(2021, 3, 31, tzinfo=TAIPEI)
    with pytest.raises(Busy, match="已有回補作業進行中"):
        api.backfill("proof", first, last)


def test_only_what_still_waits_is_answered_and_the_form_is_filled(server: Server, api: AirflowApi) -> None:
    [detail] = api.waiting("job")
    answer = api.respond(detail, "核准", {"seed": "AB-12345678"})
    assert answer["params_input"] == {"seed": "AB-12345678", "list_code": "ABCD1234"}
    path = server.asked[-1][1]
    assert "backfill__2021-01-31T22%3A00%3A00%2B00%3A00__2021-02__w" in path
    with pytest.raises(ApiError, match="no field witness"):
        api.respond(detail, "核准", {"witness": "x"})


def test_validation_errors_name_the_field(api: AirflowApi) -> None:
    with pytest.raises(ApiError, match=r"422 body\.x: field required"):
        api.request("GET", "/nowhere")
