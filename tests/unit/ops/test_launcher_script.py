"""./probity and the environment it builds: real shell, real venv, an empty lock file, so that nothing is fetched.

uv makes the environments (fast); one test goes the way without it.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SYSTEM_PATH = "/usr/bin:/bin"
PATH = ""
UV = Path(sys.executable).parent / "uv"
PYTHON = Path(sys._base_executable)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the real launcher, a ``probity`` package that tells how it was called, and an empty lock."""
    folder = tmp_path / "a folder"
    ops = folder / "plugins" / "probity" / "ops"
    ops.mkdir(parents=True)
    shutil.copy(ROOT / "probity", folder / "probity")
    shutil.copy(ROOT / "plugins/probity/ops/bootstrap.py", ops / "bootstrap.py")
    (folder / "plugins/probity/__init__.py").touch()
    (folder / "plugins/probity/__main__.py").write_text(
        "import os, sys\nprint('ran', sys.argv[1:], os.environ.get('PROBITY_HOME', ''), sys.prefix)\n"
    )
    (folder / "requirements.lock").write_text("")
    return folder


@pytest.fixture(autouse=True)
def tools(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH that leads to uv and a Python 3.11, and to nothing of this test run's environment."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "uv").symlink_to(UV)
    monkeypatch.setattr(sys.modules[__name__], "PATH", f"{folder}:{PYTHON.parent}:{SYSTEM_PATH}")


def launch(
    script: Path, *arguments: str, cwd: Path = Path("/"), path: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    found = {"PATH": path or PATH, "HOME": "", **env}
    return subprocess.run(
        [str(script), *arguments], cwd=cwd, env=found, capture_output=True, text=True, check=False, timeout=120
    )


def test_first_use_builds_the_environment_and_the_second_does_not(checkout: Path) -> None:
    first = launch(checkout / "probity", "verify", "--head", "a b")
    assert first.returncode == 0, first.stderr
    assert "ran ['verify', '--head', 'a b']" in first.stdout
    assert str(checkout / ".venv") in first.stdout
    assert "ready" in first.stderr

    second = launch(checkout / "probity", "up")
    assert second.stderr == ""


def test_a_changed_lock_builds_again_and_a_half_made_environment_too(checkout: Path) -> None:
    launch(checkout / "probity")
    (checkout / "requirements.lock").write_text("# another version\n")
    assert "ready" in launch(checkout / "probity").stderr
    shutil.rmtree(checkout / ".venv" / "bin")
    again = launch(checkout / "probity")
    assert again.returncode == 0
    assert "ready" in again.stderr


def test_through_symlinks_from_another_folder(checkout: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "first").symlink_to(os.path.relpath(checkout / "probity", links))
    (links / "second").symlink_to("first")
    done = launch(links / "second", "sources", cwd=tmp_path)
    assert "ran ['sources']" in done.stdout, done.stderr


def test_found_on_the_path_as_well(checkout: Path, tmp_path: Path) -> None:
    env = {"PATH": f"{checkout}:{PATH}"}
    done = subprocess.run(["probity"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_uv_python_s_own_venv_does(checkout: Path) -> None:
    done = launch(checkout / "probity", path=f"{PYTHON.parent}:{SYSTEM_PATH}")
    assert str(checkout / ".venv") in done.stdout, done.stderr


def test_two_at_once_build_one_environment(checkout: Path) -> None:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([str(checkout / "probity")], env={"PATH": PATH, "HOME": ""}, **pipes) for _ in range(2)]
    texts = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert sum("(ready)" in err for _, err in texts) == 1


def test_environment_elsewhere(checkout: Path, tmp_path: Path) -> None:
    done = launch(checkout / "probity", PROBITY_VENV=str(tmp_path / "deep" / "venv"))
    assert str(tmp_path / "deep" / "venv") in done.stdout, done.stderr
    assert not (checkout / ".venv").exists()


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with the shell's tools and no Python."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink", "id", "cmp", "cat"):
        (tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return str(tools)


def test_without_python_it_says_what_to_install(checkout: Path, bare_path: str) -> None:
    done = launch(checkout / "probity", path=bare_path)
    assert done.returncode == 3
    assert "apt install python3.11" in done.stderr


def test_another_python_is_not_taken(checkout: Path, bare_path: str) -> None:
    wrong = Path(bare_path) / "python3"
    wrong.write_text("#!/bin/sh\nexit 1\n")
    wrong.chmod(0o755)
    assert launch(checkout / "probity", path=bare_path).returncode == 3
    (Path(bare_path) / "uv").symlink_to(UV)
    named = launch(checkout / "probity", path=bare_path, PROBITY_PYTHON=str(PYTHON))
    assert named.returncode == 0, named.stderr


def test_a_package_that_cannot_be_had_is_told_and_leaves_no_mark(checkout: Path) -> None:
    (checkout / "requirements.lock").write_text("./no-such-package-here\n")
    done = launch(checkout / "probity")
    assert done.returncode == 3
    assert "set-up failed" in done.stderr
    assert not (checkout / ".venv" / ".probity.lock").exists()


def test_read_only_checkout_keeps_its_data_elsewhere(checkout: Path, tmp_path: Path) -> None:
    # Root may write everywhere, so `test -w` is answered by a stand-in for the shell's own.
    script = checkout / "probity"
    script.write_text(script.read_text().replace('[ -w "$root" ]', "false").replace('[ ! -w "$root" ]', "true"))
    home = tmp_path / "home"
    home.mkdir()
    done = launch(script, HOME=str(home))
    assert f"{home}/.cache/probity/var" in done.stdout, done.stderr
    assert f"{home}/.cache/probity/venv" in done.stdout


def test_the_script_is_plain_posix_sh() -> None:
    script = ROOT / "probity"
    assert script.read_text().startswith("#!/bin/sh\n")
    assert script.stat().st_mode & stat.S_IXUSR
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
