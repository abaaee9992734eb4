"""The pages: routes, each guarded, over templates in ``include/templates/pages``.

In: a request with Airflow's login. Out: HTML in Traditional Chinese. Every route takes a ``Reader``, so none is
open; a test walks all of them without a login. Answers are never cached and may load nothing from elsewhere.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from probity.calendar import Period
from probity.settings import Settings, load
from probity.store import db, model, trail
from probity.store.objects import ObjectStore
from probity.tables import TABLES
from probity.text import roc_date
from probity_airflow import wording
from probity_airflow.pages import defects, queries
from probity_airflow.pages.access import ReaderDep

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
TAIPEI = dt.timezone(dt.timedelta(hours=8), "Asia/Taipei")


def settings() -> Settings:
    return load()


def session(settings: Annotated[Settings, Depends(settings)]) -> Iterator[Session]:
    with db.session_scope(settings) as opened:
        yield opened


SettingsDep = Annotated[Settings, Depends(settings)]
SessionDep = Annotated[Session, Depends(session)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]


def roc_time(value: dt.datetime | str | None) -> str:
    """``110年3月15日 14:05``, Taipei time; empty for None."""
    if not value:
        return ""
    at = (dt.datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(TAIPEI)
    return f"{roc_date(at.date())} {at:%H:%M}"


def roc_day(value: str | dt.date | None) -> str:
    if not value:
        return ""
    return roc_date(dt.date.fromisoformat(value) if isinstance(value, str) else value)


def column_zh(name: str, table: str) -> str:
    """The column's Chinese name where the canonical tables have one."""
    known = {c.name: c.zh for c in TABLES[table].columns} if table in TABLES else {}
    return known.get(name, name)


def figure(value: float | int | None) -> str:
    """A value or threshold for reading: four significant digits, thousands separated; empty for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10_000 or float(value).is_integer() else f"{value:.4g}"


def facts_zh(facts: dict[str, Any], family: str) -> list[str]:
    """A signal's evidence as ``名稱：值``, in the words of the workbook."""
    from probity.reports.families import shape
    from probity.reports.selection_workbook import told

    return [f"{name}：{value}" for name, value in told(facts, shape(family).field_names, labels(family))]


def labels(family: str = "procurement") -> dict[str, Any]:
    """The words of the reports for sources, parts and evidence."""
    from probity.reports.families import shape

    return shape(family).labels(load().templates)


def label(value: str | None, group: str) -> str:
    """A code's word out of a group of ``labels.yaml``."""
    words = labels("works")
    return str(words[group].get(value, value or words["unknown"]))


def percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def job_zh(job: str) -> str:
    """The job's name; what is no job of ours keeps its own."""
    from probity.jobs.wording import job_name

    try:
        return job_name(job)
    except KeyError:
        return job


@lru_cache(maxsize=2)
def environment(folder: str) -> Environment:
    env = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "roc_time": roc_time,
        "roc_day": roc_day,
        "roc_period": lambda key: Period.parse(key).roc,
        "table_zh": lambda name: TABLES[name].zh if name in TABLES else name,
        "column_zh": column_zh,
        "step_zh": lambda name: wording.TASKS.get(name, name),
        "money": lambda value: "" if value is None else f"{value:,}",
        "figure": figure,
        "facts_zh": facts_zh,
        "job_zh": job_zh,
        "label": label,
        "percent": percent,
        "source_zh": lambda source: labels()["source"].get(source or "", source),
    }
    return env


def show(request: Request, name: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """The template ``name`` with ``facts``; ``link(route, ...)`` keeps the prefix under which Airflow is served."""
    template = environment(str(load().templates / "pages")).get_template(name)

    def link(route: str, **values: Any) -> str:
        return request.scope.get("root_path", "") + str(request.app.url_path_for(route, **values))

    return HTMLResponse(template.render(link=link, path=request.url.path, **facts), status, HEADERS)


def create_app() -> FastAPI:
    app = FastAPI(title="Probity", openapi_url=None, docs_url=None, redoc_url=None)
    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(SQLAlchemyError, unavailable)
    app.get("/", name="overview")(overview)
    app.get("/selections", name="selections")(selections)
    app.get("/selections/{selection_id}", name="selection")(selection)
    app.get("/defects", name="defects")(defect_list)
    app.get("/defects/{defect_id}", name="defect")(defect)
    app.get("/closures", name="closures")(closures)
    app.get("/closures/{request_id}", name="closure")(closure)
    app.get("/drafts/{job}/{period}", name="draft")(draft)
    app.get("/drafts/{job}/{period}/{digest}", name="draft_file")(draft_file)
    app.get("/gates", name="gates")(gates)
    app.get("/gates/{number}", name="gate")(gate)
    app.get("/gates/{number}/page", name="gate_page")(gate_page)
    app.get("/gates/{number}/workbook", name="gate_workbook")(gate_workbook)
    app.get("/quarantine", name="quarantine")(quarantine)
    app.get("/deliveries", name="deliveries")(deliveries)
    app.get("/trail", name="trail")(trail_status)
    app.get("/trail/verification", name="trail_verification")(trail_verification)
    return app


async def refused(request: Request, error: Exception) -> Response:
    """A page instead of JSON for a person: log in, not yours, not there."""
    status = getattr(error, "status_code", 500)
    detail = getattr(error, "detail", "")
    return show(request, "refused.html", status, code=status, detail=detail, login=login_url(request), reader=None)


def login_url(request: Request) -> str:
    """Airflow's login, which comes back to this page: a link in a mail or an approval may be opened before it."""
    airflow = request.scope.get("root_path", "").rpartition("/")[0]
    return f"{airflow}/api/v2/auth/login?{urlencode({'next': request.url.path})}"


async def unavailable(request: Request, error: Exception) -> Response:
    log.error("the office's database did not answer: %s", type(error).__name__)
    return show(request, "refused.html", 503, code=503, detail="", login="", reader=None)


def overview(request: Request, reader: ReaderDep, session: SessionDep, page: PageNumber = 1) -> Response:
    rows = [r for r in queries.periods(session, page) if reader.may_read(r["job"])]
    return show(request, "overview.html", reader=reader, rows=rows, page=page, more=len(rows) == queries.PAGE)


def selections(request: Request, reader: ReaderDep, session: SessionDep, page: PageNumber = 1) -> Response:
    rows = [r for r in queries.selections(session, page) if reader.may_read(r.Selection.job)]
    return show(request, "selections.html", reader=reader, rows=rows, page=page, more=len(rows) == queries.PAGE)


def selection(
    request: Request, reader: ReaderDep, session: SessionDep, settings: SettingsDep, selection_id: str
) -> Response:
    """The restricted list; a reader without the right sees counts alone."""
    row = session.get(model.Selection, selection_id)
    if row is None or not reader.may_read(row.job):
        raise HTTPException(404)
    open_to_reader = reader.may_see_cases(row.job)
    kept = queries.Archive(settings, row.manifest_digest)
    cases, decision = [], None
    if open_to_reader:
        reader.must_see_cases(row.job, f"selection {selection_id}")
        cases = queries.selection_cases(session, settings, row, kept)
        decision = queries.decision(session, selection_id)
    counts = queries.selection_counts(session, selection_id)
    code = (row.list_digest or "")[:8].upper()
    return show(
        request,
        "selection.html",
        reader=reader,
        row=row,
        code=code,
        counts=counts,
        cases=cases,
        decision=decision,
        family=kept.family.name,
        restricted=not open_to_reader,
    )


# -- defects -------------------------------------------------------------------------------------------------------
def _moment(session: Session, as_of: str, known_by: str) -> defects.Moment:
    try:
        return defects.moment(session, as_of, known_by)
    except ValueError:
        raise HTTPException(400, "日期請寫 2021-03-05，時間請寫 2021-03-05T17:00。") from None


def _known_by(at: defects.Moment) -> str:
    return at.known_by.astimezone(TAIPEI).strftime("%Y-%m-%dT%H:%M") if at.known_by else ""


def _query(at: defects.Moment) -> str:
    """The moment as the query that leads to it."""
    asked = {"as_of": at.as_of.isoformat(), "known_by": _known_by(at)}
    return urlencode({name: value for name, value in asked.items() if value})


def defect_list(
    request: Request,
    reader: ReaderDep,
    session: SessionDep,
    settings: SettingsDep,
    as_of: str = "",
    known_by: str = "",
    state: Literal["due", "overdue", "reported", "closed", "all"] = "due",
    page: PageNumber = 1,
) -> Response:
    """The list 列管 as of a day; a reader without the right sees counts alone."""
    if not reader.may_read(defects.JOB):
        raise HTTPException(404)
    at = _moment(session, as_of, known_by)
    register, rows = defects.Register(session, settings, at), []
    open_to_reader = reader.may_see_cases(defects.JOB)
    if open_to_reader:
        reader.must_see_cases(defects.JOB, f"defects as of {at.as_of}")
        rows = register.listed(state)
    first = (page - 1) * defects.PAGE
    return show(
        request,
        "defects.html",
        reader=reader,
        at=at,
        known_by=_known_by(at),
        state=state,
        query=_query(at),
        counts=register.counts,
        waiting=defects.waiting(session, at.as_of),
        rows=rows[first : first + defects.PAGE],
        page=page,
        more=len(rows) > first + defects.PAGE,
        restricted=not open_to_reader,
    )


def defect(
    request: Request,
    reader: ReaderDep,
    session: SessionDep,
    settings: SettingsDep,
    defect_id: str,
    as_of: str = "",
    known_by: str = "",
) -> Response:
    """One defect as of a day: its standing, its history, the letters about it."""
    if not reader.may_read(defects.JOB):
        raise HTTPException(404)
    reader.must_see_cases(defects.JOB, f"defect {defect_id!r}")
    at = _moment(session, as_of, known_by)
    register = defects.Register(session, settings, at)
    row = register.one(defect_id)
    if row is None:
        raise HTTPException(404)
    return show(
        request,
        "defect.html",
        reader=reader,
        at=at,
        query=_query(at),
        row=row,
        history=register.history(defect_id),
        letters=defects.letters(session, defect_id, at),
    )


def closures(request: Request, reader: ReaderDep, session: SessionDep, page: PageNumber = 1) -> Response:
    """What was put before an officer: closings and longer deadlines."""
    rows = [r for r in defects.requests(session, page) if reader.may_read(r.job)]
    return show(request, "closures.html", reader=reader, rows=rows, page=page, more=len(rows) == defects.PAGE)


def closure(
    request: Request, reader: ReaderDep, session: SessionDep, settings: SettingsDep, request_id: str
) -> Response:
    """One list of proposed closings; a reader without the right sees counts alone."""
    row = session.get(model.ClosureRequest, request_id)
    if row is None or not reader.may_read(row.job):
        raise HTTPException(404)
    items = defects.proposed(settings, row)
    open_to_reader = reader.may_see_cases(row.job)
    if open_to_reader:
        reader.must_see_cases(row.job, f"closures {request_id}")
    return show(
        request,
        "closure.html",
        reader=reader,
        row=row,
        code=row.list_digest[:8].upper(),
        counts={a: sum(i["action"] == a for i in items) for a in ("close", "extend")},
        items=items if open_to_reader else [],
        restricted=not open_to_reader,
    )


# -- drafts of reports ---------------------------------------------------------------------------------------------
def draft(request: Request, reader: ReaderDep, session: SessionDep, job: str, period: str) -> Response:
    """The newest draft of a report that waits for approval, or waited: its files, for those who may approve."""
    if not reader.may_read(job):
        raise HTTPException(404)
    reader.must_see_cases(job, f"draft {job!r} {period!r}")
    row = queries.draft(session, job, period)
    if row is None:
        raise HTTPException(404)
    code = row.manifest_digest[:8].upper()
    return show(request, "draft.html", reader=reader, job=job, period=period, row=row, code=code)


def draft_file(
    reader: ReaderDep, session: SessionDep, settings: SettingsDep, job: str, period: str, digest: str
) -> Response:
    """One file of a draft."""
    if not reader.may_read(job):
        raise HTTPException(404)
    reader.must_see_cases(job, f"draft file {digest!r} of {job!r} {period!r}")
    row = queries.draft(session, job, period)
    known = {f["digest"]: f for f in row.counts["files"]} if row is not None else {}
    if digest not in known:
        raise HTTPException(404)
    path = ObjectStore(settings.objects).path(digest, "draft")
    headers = {k: v for k, v in HEADERS.items() if k != "Content-Security-Policy"}
    return FileResponse(path, filename=known[digest]["name"], headers=headers)


# -- gates, quarantine, deliveries, trail ------------------------------------------------------------------------------
def gates(request: Request, reader: ReaderDep, session: SessionDep, page: PageNumber = 1) -> Response:
    rows = [r for r in queries.gate_results(session, page) if reader.may_read(r.job)]
    return show(request, "gates.html", reader=reader, rows=rows, page=page, more=len(rows) == queries.PAGE)


def _gate(session: Session, reader: Any, number: int) -> model.GateResult:
    row = session.get(model.GateResult, number)
    if row is None or not reader.may_read(row.job):
        raise HTTPException(404)
    return row


def gate(request: Request, reader: ReaderDep, session: SessionDep, number: int) -> Response:
    """The gate's checks with their counts and who mends what; the bad cells are on the restricted page."""
    row = _gate(session, reader, number)
    return show(request, "gate.html", reader=reader, row=row, restricted=not reader.may_see_cases(row.job))


def gate_page(reader: ReaderDep, session: SessionDep, settings: SettingsDep, number: int) -> Response:
    """The stored page with the bad cells, as it was rendered when the gate ran."""
    row = _gate(session, reader, number)
    reader.must_see_cases(row.job, f"gate result {number}")
    if row.html_digest is None:
        raise HTTPException(404)
    return HTMLResponse(ObjectStore(settings.objects).get_bytes(row.html_digest, "html"), headers=HEADERS)


def gate_workbook(reader: ReaderDep, session: SessionDep, settings: SettingsDep, number: int) -> Response:
    """The workbook in which the bad cells are marked."""
    row = _gate(session, reader, number)
    reader.must_see_cases(row.job, f"gate workbook {number}")
    path = (settings.reports / row.workbook_path).resolve() if row.workbook_path else None
    if path is None or not path.is_file() or not path.is_relative_to(settings.reports.resolve()):
        raise HTTPException(404)
    return FileResponse(
        path, filename=path.name, headers={k: v for k, v in HEADERS.items() if k != "Content-Security-Policy"}
    )


def quarantine(request: Request, reader: ReaderDep, session: SessionDep) -> Response:
    return show(request, "quarantine.html", reader=reader, rows=queries.quarantine(session))


def deliveries(request: Request, reader: ReaderDep, session: SessionDep) -> Response:
    return show(request, "deliveries.html", reader=reader, rows=queries.deliveries(session))


def trail_status(request: Request, reader: ReaderDep, session: SessionDep, page: PageNumber = 1) -> Response:
    facts = queries.trail_page(session, page)
    more = len(facts["records"]) == queries.PAGE
    return show(request, "trail.html", reader=reader, verdict=None, page=page, more=more, **facts)


def trail_verification(request: Request, reader: ReaderDep, session: SessionDep, settings: SettingsDep) -> Response:
    """Recompute the whole chain now, against the anchors."""
    verdict = trail.verify(db.engine(settings), settings)
    return show(
        request, "trail.html", reader=reader, verdict=verdict, page=1, more=False, **queries.trail_page(session)
    )
