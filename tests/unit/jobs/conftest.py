"""One tiny city, carried to the approval once and to publication once a session; each test works on a copy."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probity.demo import generate, works
from probity.jobs import procurement_audit_selection as job
from probity.ops.postgres import EmbeddedPostgres
from probity.store import db
from tests.unit.jobs import works_world
from tests.unit.jobs import world as worlds
from tests.unit.jobs.works_world import Works
from tests.unit.jobs.world import World

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drop folder of the tiny city; read only: a test that changes files takes ``own_drop``."""
    drop = tmp_path_factory.mktemp("city") / "drop"
    generate(drop, 110, worlds.MONTHS, "tiny")
    return drop


@pytest.fixture(scope="session")
def proposed_once(
    city: Path, tmp_path_factory: pytest.TempPathFactory, pg_server: EmbeddedPostgres, pg_template: str
) -> World:
    """The month carried to the open approval."""
    name = f"jobs_proposed_{os.getpid()}"
    url = pg_server.create_database(name, template=pg_template)
    settings = worlds.settings_of(tmp_path_factory.mktemp("proposed") / "home", city, url)
    with worlds.lines_of("probity") as log:
        refs = worlds.run_to_list(settings)
        asked = worlds.ask(settings, refs)
    return World(settings, name, refs, asked, tuple(log))


@pytest.fixture(scope="session")
def published_once(
    proposed_once: World, tmp_path_factory: pytest.TempPathFactory, pg_server: EmbeddedPostgres
) -> World:
    """The same, approved with a typed seed and published."""
    name = f"jobs_published_{os.getpid()}"
    world = worlds.copied(proposed_once, tmp_path_factory.mktemp("published"), pg_server, name)
    with worlds.lines_of("probity") as log:
        selection_id = world.decide()
        assert selection_id is not None
        job.publish(world.settings, worlds.PERIOD, selection_id)
    return dataclasses.replace(world, log=(*world.log, *log))


@pytest.fixture
def copies(tmp_path: Path, pg_server: EmbeddedPostgres) -> Iterator[Callable[..., World]]:
    """Makes copies of a world for this test; their databases go with it."""
    made: list[World] = []

    def copy(world: World, drop: Path | None = None) -> World:
        number = next(_numbers)
        made.append(worlds.copied(world, tmp_path / f"office{number}", pg_server, f"jobs_{os.getpid()}_{number}", drop))
        return made[-1]

    yield copy
    for world in made:
        db.engine(world.settings).dispose()
        pg_server.drop_database(world.database)


@pytest.fixture
def proposed(proposed_once: World, copies: Callable[..., World]) -> World:
    """An office of this test's own with a list that waits for its approver."""
    return copies(proposed_once)


@pytest.fixture
def published(published_once: World, copies: Callable[..., World]) -> World:
    """An office of this test's own with a published selection, nothing owed yet."""
    return copies(published_once)


@pytest.fixture
def own_drop(city: Path, tmp_path: Path) -> Path:
    """A copy of the city's files that the test may change."""
    return Path(shutil.copytree(city, tmp_path / "drop"))


@pytest.fixture
def empty_office(tmp_path: Path, city: Path, pg_server: EmbeddedPostgres, pg_template: str) -> Iterator[World]:
    """An office that has done nothing yet, over the city's files."""
    name = f"jobs_{os.getpid()}_{next(_numbers)}"
    url = pg_server.create_database(name, template=pg_template)
    world = World(worlds.settings_of(tmp_path / "home", city, url), name, {}, {})
    yield world
    db.engine(world.settings).dispose()
    pg_server.drop_database(name)


# -- the works ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def works_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drop folder of the tiny city with its works; read only, as ``city``."""
    drop = tmp_path_factory.mktemp("works_city") / "drop"
    generate(drop, works_world.DEMO_SEED, works_world.MONTHS, "tiny")
    works.generate(drop, works_world.DEMO_SEED, works_world.MONTHS, "tiny")
    return drop


@pytest.fixture(scope="session")
def roads_proposed_once(
    works_city: Path, tmp_path_factory: pytest.TempPathFactory, pg_server: EmbeddedPostgres, pg_template: str
) -> Works:
    """The first month's road works carried to the open approval."""
    name = f"jobs_roads_proposed_{os.getpid()}"
    url = pg_server.create_database(name, template=pg_template)
    settings = worlds.settings_of(tmp_path_factory.mktemp("roads_proposed") / "home", works_city, url)
    with worlds.lines_of("probity") as log:
        refs = works_world.run_to_list(settings)
        asked = works_world.roads.approval_request(settings, works_world.MONTHS[0], refs["gate_selection"])
    return Works(settings, name, refs, asked, tuple(log))


@pytest.fixture(scope="session")
def roads_published_once(
    roads_proposed_once: Works, tmp_path_factory: pytest.TempPathFactory, pg_server: EmbeddedPostgres
) -> Works:
    """The same, approved with a typed seed and published: the forms are out."""
    name = f"jobs_roads_published_{os.getpid()}"
    world = worlds.copied(roads_proposed_once, tmp_path_factory.mktemp("roads_published"), pg_server, name)
    with worlds.lines_of("probity") as log:
        selection_id = world.decide()
        world.job.publish(world.settings, world.period, selection_id)
    return dataclasses.replace(world, log=(*world.log, *log))


@pytest.fixture
def roads_proposed(roads_proposed_once: Works, copies: Callable[..., World]) -> World:
    """An office of this test's own whose list of road works waits for its approver."""
    return copies(roads_proposed_once)


@pytest.fixture
def roads_published(roads_published_once: Works, copies: Callable[..., World]) -> World:
    """An office of this test's own with a published selection of road works."""
    return copies(roads_published_once)


@pytest.fixture
def works_drop(works_city: Path, tmp_path: Path) -> Path:
    """A copy of the works' files that the test may change."""
    return Path(shutil.copytree(works_city, tmp_path / "drop"))
