"""What README and docs say is so: their commands parse, their paths and modules are there, their settings are read.

And nothing lies about unused: every template is named by some code or template, every config file is loaded.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
import shlex
from collections.abc import Iterator
from functools import cache

import pytest
import yaml

from probity.ops import cli, words
from probity.settings import ROOT
from probity_airflow import wording

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATES = ROOT / "include" / "templates"
CONFIG = ROOT / "include" / "config"
SOURCES = [ROOT / "probity", *sorted((ROOT / "plugins").rglob("*.py")), *sorted((ROOT / "config").glob("*.py"))]

# What a reader fills in, as the docs write it -> something in its place.
FILLED = {
    "JOB": "procurement_audit_selection",
    "FROM": "2021-01",
    "TO": "2021-03",
    "SELECTION_ID": "PA-2021-03-r1",
    "ID": "1",
    "編號": "1",
}


# -- commands ----------------------------------------------------------------------------------------------------
def written(text: str) -> Iterator[str]:
    """Every ``./probity ...`` of a text: in a code span, a fenced line or a sentence."""
    for match in re.finditer(r"`(\./probity [^`]*)`|^\s*(\./probity .*)$", text, re.MULTILINE):
        yield (match[1] or match[2]).split("#")[0].strip()


def variants(command: str) -> Iterator[list[str]]:
    """The command with each ``[optional part]`` there and left out, its placeholders filled."""
    parts = re.split(r"\[([^\]]*)\]", command)
    for chosen in itertools.product((False, True), repeat=len(parts) // 2):
        line = parts[0] + "".join(
            (parts[2 * i + 1] if there else "") + parts[2 * i + 2] for i, there in enumerate(chosen)
        )
        yield [FILLED.get(word, word) for word in shlex.split(line)[1:]]


def documented() -> list[tuple[str, str]]:
    found = [(p.relative_to(ROOT).as_posix(), c) for p in DOCS for c in written(p.read_text(encoding="utf-8"))]
    found += [("--help", c.split("  ")[0]) for c in written(cli.EPILOG)]
    return sorted(set(found))


@pytest.mark.parametrize(("where", "command"), documented(), ids=lambda v: v)
def test_every_documented_command_parses(where: str, command: str) -> None:
    for argv in variants(command):
        if len(argv) == 1 and argv[0] in cli.COMMANDS:
            continue  # a command spoken of, not shown
        try:
            cli.parser().parse_args(argv)
        except SystemExit:
            pytest.fail(f"{where}: {command} is no command of ./probity: {argv}")


def test_every_command_is_documented() -> None:
    told = {shlex.split(command)[1] for where, command in documented() if where.endswith(".md")}
    assert set(cli.COMMANDS) <= told


def test_commands_that_are_shown_to_users_parse() -> None:
    """Commands in messages and templates, with whatever stands in for their values."""
    texts = [*words.TEXT.values(), *(p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*") if p.is_file())]
    found = {m[1] for text in texts for m in re.finditer(r"\./probity ([a-z]+)", text)}
    assert {"replay", "verify"} <= found <= set(cli.COMMANDS)


def test_readme_names_the_choices_as_the_form_shows_them() -> None:
    assert f"選「{wording.APPROVE}」或「{wording.REJECT}」" in (ROOT / "README.md").read_text(encoding="utf-8")


# -- paths and modules ---------------------------------------------------------------------------------------------
def spans(text: str) -> Iterator[str]:
    """The code spans of the prose: fenced blocks left out."""
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def paths() -> list[tuple[str, str]]:
    """What looks like a path of the project: a slash or a known ending, no URL, command, setting or value of one."""
    ending = re.compile(r"\.(py|sql|yaml|yml|toml|txt|md|lock|example)$")
    found = set()
    for doc in DOCS:
        for span in spans(doc.read_text(encoding="utf-8")):
            if re.search(r"\s|://|^\$|^\./probity|=", span) or not ("/" in span or ending.search(span)):
                continue
            found.add((doc.relative_to(ROOT).as_posix(), span))
    return sorted(found)


MADE_BY_RUNNING = {"var/", ".venv/", ".env"}


@pytest.mark.parametrize(("where", "path"), paths(), ids=lambda v: v)
def test_every_path_in_the_docs_is_there(where: str, path: str) -> None:
    if path in MADE_BY_RUNNING or (ROOT / path).exists():
        return
    job = "procurement_audit_selection" if path.startswith(("plugins/", "dags/")) else "procurement"
    pattern = (
        path.replace("<job>", job)
        .replace("<family>", "procurement")
        .replace("<ID>", "*")
        .replace("<name>", "*")
        .rstrip("/")
    )
    folders = [ROOT] if "/" in path else [ROOT / "include", ROOT / "plugins"]  # a bare name: in any folder of these
    found = [next(folder.glob(pattern if "/" in path else f"**/{pattern}"), None) for folder in folders]
    assert any(found), f"{where}: there is no {path}"


def test_every_module_in_the_docs_can_be_found() -> None:
    text = "\n".join(doc.read_text(encoding="utf-8") for doc in DOCS)
    named = set(re.findall(r"\bprobity(?:_airflow)?(?:\.[a-z_]+)+\b", text))
    assert named
    for name in sorted(named):
        assert importlib.util.find_spec(name), name


# -- settings ------------------------------------------------------------------------------------------------------
def read_by_code() -> set[str]:
    return set(re.findall(r"\bPROBITY_[A-Z_]+\b", "\n".join(p.read_text(encoding="utf-8") for p in SOURCES)))


def test_every_setting_in_the_docs_is_read_and_every_setting_read_is_in_the_docs() -> None:
    told = set(re.findall(r"\bPROBITY_[A-Z_]+\b", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    assert told == read_by_code()


# -- nothing unused ------------------------------------------------------------------------------------------------
@cache
def constants() -> frozenset[str]:
    """Every text constant of the code, and of f-strings the constant parts."""
    return frozenset(
        node.value
        for path in SOURCES
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@cache
def drawn_on() -> frozenset[str]:
    """Templates that other templates extend, include or import."""
    pattern = re.compile(r"\{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")
    return frozenset(
        name for p in TEMPLATES.rglob("*") if p.is_file() for name in pattern.findall(p.read_text(encoding="utf-8"))
    )


def test_every_template_is_used() -> None:
    unused = []
    for path in sorted(p for p in TEMPLATES.rglob("*") if p.is_file()):
        relative = path.relative_to(TEMPLATES).as_posix()
        # A mail is named by its kind, which is a report's or a job's name; a page and a sentence by the stem.
        names = {relative, path.name, path.stem}
        if not names & constants() and not {relative, path.name} & drawn_on():
            unused.append(relative)
    assert not unused


def test_every_config_file_is_loaded() -> None:
    calls = set()
    for path in (p for p in SOURCES if p.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "load":
                calls |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    assert {p.stem for p in CONFIG.glob("*.yaml")} == calls


# -- one word for one thing ------------------------------------------------------------------------------------------
def test_a_gate_has_one_name_in_task_page_mail_and_workbook() -> None:
    labels = yaml.safe_load((TEMPLATES / "reports" / "labels.yaml").read_text(encoding="utf-8"))["stage"]
    titles = yaml.safe_load((CONFIG / "gates.yaml").read_text(encoding="utf-8"))["texts"]["stages"]
    tasks = {key.removeprefix("gate_"): name for key, name in wording.TASKS.items() if key.startswith("gate_")}
    page = (TEMPLATES / "pages" / "words.html").read_text(encoding="utf-8")
    assert labels.keys() == titles.keys() == tasks.keys()
    for stage, name in labels.items():
        assert titles[stage] == f"{name}檢核"
        assert tasks[stage].endswith(f"：{name}")
        assert f'"{stage}": "{name}"' in page
