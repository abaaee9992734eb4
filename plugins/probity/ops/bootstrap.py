"""Builds the Python environment that everything else runs in. Run by ./probity with a bare Python 3.11, before any
library is there: standard library only.

In: the checkout and the folder of the environment. Out: that folder, with exactly the versions of requirements.lock,
and beside it a copy of the lock file as the mark that it is complete. It exists so that two launchers started at once
build one environment, and a broken or interrupted build is done again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

MARK = ".probity.lock"


def main(root: Path, venv: Path) -> int:
    """0 when the environment is ready; 3 with a plain message when it cannot be made."""
    lock_file = root / "requirements.lock"
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
        guard = (venv.parent / f".{venv.name.lstrip('.')}.setup").open("w")
    except OSError as error:
        return _give_up(f"無法寫入 {venv.parent}：{error}。請以 PROBITY_VENV 指定可寫入的資料夾。")
    with guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("另一個 ./probity 正在建立環境，等候其完成… (waiting for another ./probity)")
            fcntl.flock(guard, fcntl.LOCK_EX)
        if _complete(venv, lock_file):
            return 0
        started = time.monotonic()
        _say(f"建立 Python 環境於 {venv}（僅首次或版本鎖定檔變更時，約一至二分鐘）… (setting up)")
        try:
            _build(venv, lock_file)
        except (subprocess.CalledProcessError, OSError) as error:
            return _give_up(f"環境建立失敗 (set-up failed)：{error}")
        (venv / MARK).write_bytes(lock_file.read_bytes())
        _say(f"環境已就緒，{time.monotonic() - started:.0f} 秒 (ready)")
    return 0


def _complete(venv: Path, lock_file: Path) -> bool:
    mark = venv / MARK
    return mark.is_file() and mark.read_bytes() == lock_file.read_bytes() and _usable(venv)


def _usable(venv: Path) -> bool:
    python = venv / "bin" / "python"
    check = "import sys; sys.exit(sys.version_info[:2] != (3, 11))"
    try:
        return subprocess.run([str(python), "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _build(venv: Path, lock_file: Path) -> None:
    (venv / MARK).unlink(missing_ok=True)
    uv = shutil.which("uv")
    if not _usable(venv):
        if uv:
            _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)])
        else:
            try:
                _run([sys.executable, "-m", "venv", "--clear", str(venv)])
            except subprocess.CalledProcessError:
                _say("Python 缺少 venv 模組：請安裝 python3.11-venv，或安裝 uv。 (the venv module is missing)")
                raise
    python = venv / "bin" / "python"
    has_pip = subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    if not uv and has_pip:
        # uv installs the 230 packages several times faster than pip; without it pip does the whole.
        pin = next((line for line in lock_file.read_text().splitlines() if line.startswith("uv==")), None)
        if pin and _pip(python, pin.split(";")[0].strip(), check=False):
            uv = str(venv / "bin" / "uv")
    if uv and _uv(uv, python, lock_file):
        return
    if not has_pip:
        _run([str(python), "-m", "ensurepip", "--upgrade"])
    _pip(python, "-r", str(lock_file))


def _uv(uv: str, python: Path, lock_file: Path) -> bool:
    # The machine's own certificates, as pip uses them: an office's proxy often has a root of its own.
    defaults = {"UV_LINK_MODE": "copy", "UV_NATIVE_TLS": "true", "UV_SYSTEM_CERTS": "true"}
    env = {**defaults, **os.environ}
    command = [uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(lock_file)]
    home = os.environ.get("HOME")
    if not (home and os.access(home, os.W_OK)) and "UV_CACHE_DIR" not in os.environ:
        command.append("--no-cache")
    done = subprocess.run(command, env=env, check=False)
    if done.returncode:
        _say("uv 安裝未成功，改用 pip。 (falling back to pip)")
    return done.returncode == 0


def _pip(python: Path, *what: str, check: bool = True) -> bool:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *what]
    return subprocess.run(command, check=check).returncode == 0


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)


def _say(text: str) -> None:
    print(f"probity: {text}", file=sys.stderr, flush=True)


def _give_up(text: str) -> int:
    _say(text)
    return 3


if __name__ == "__main__":
    sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
