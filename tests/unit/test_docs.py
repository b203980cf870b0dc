"""The documents say what the program does: commands, links, codes, rules, metrics."""

import ast
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import pytest

from suite.base.errorcodes import error_codes, error_table
from suite.base.errors import Interrupted, SuiteError, UsageError
from suite.cli.failures import DEFECT
from suite.cli.main import program
from suite.cli.pages import pages
from suite.declare.profiles.load import load_profile
from suite.declare.vendor.load import load_vendor
from suite.documents.event import OutcomeCode
from suite.judge.intervals import PERCENTILE_FLOORS
from suite.judge.metrics.metric import STATISTICS
from suite.judge.rules.registry import RULES
from suite.judge.rules.rule import DIVISIONS

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh.md")
ROOT_PAGES = ("CONTRIBUTING.md", "SECURITY.md")
PAGES = [
    *READMES,
    *ROOT_PAGES,
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]

OWN_NAME = re.compile(r"`(suite(?:\.\w+)+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:\.venv/bin/|python -m )?suite (.+)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fenced_lines(text: str) -> list[str]:
    """Lines of code blocks; a line that ends with a backslash goes on."""
    blocks = "".join(match[2] for match in FENCE.finditer(text)).replace("\\\n", " ")
    return [line.strip() for line in blocks.splitlines() if line.strip()]


def commands(text: str) -> tuple[list[str], list[str]]:
    """Commands of the suite: whole lines in blocks, and what stands between backticks in the text."""
    lines = [line for line in fenced_lines(text) if COMMAND.match(line)]
    mentions = [code for code in INLINE.findall(FENCE.sub("", text)) if COMMAND.match(code)]
    return lines, mentions


def words(line: str) -> list[str]:
    match = COMMAND.match(line)
    assert match
    return shlex.split(match[1], comments=True)


def parses(arguments: list[str]) -> bool:
    try:
        context_of(arguments)
    except click.exceptions.Exit as end:
        return end.exit_code == 0
    except (click.UsageError, UsageError):
        return False
    return True


def context_of(arguments: list[str]) -> click.Context:
    """A command line, parsed down to its command and not run."""
    context = program().make_context("suite", list(arguments))
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        if not rest:
            raise UsageError("usage-wrong", "missing command")
        _, inner, rest = context.command.resolve_command(context, rest)
        assert inner is not None
        context = inner.make_context(inner.name, rest, parent=context)
    return context


def subcommand(name_parts: list[str]) -> bool:
    """Whether these words alone lead to a command."""
    here: click.Command | None = program()
    for part in name_parts:
        here = (
            here.get_command(click.Context(here), part) if isinstance(here, click.Group) else None
        )
    return here is not None


def tables(text: str) -> dict[str, list[list[str]]]:
    """Rows of all tables by the section that they stand in, heads and rules left out."""
    found: dict[str, list[list[str]]] = {}
    section = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("## "):
            section = line[3:]
        if not line.startswith("|") or set(line) <= set("|- "):
            continue
        if number + 1 < len(lines) and set(lines[number + 1]) <= set("|- ") and lines[number + 1]:
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        found.setdefault(section, []).append(cells)
    return found


def in_code(cell: str) -> str:
    match = re.fullmatch(r"`([^`]+)`", cell)
    assert match, cell
    return match[1]


@pytest.mark.parametrize("page", PAGES)
def test_commands_parse(page):
    lines, mentions = commands(read(page))
    assert [line for line in lines if not parses(words(line))] == []
    wrong = [
        mention
        for mention in mentions
        if not parses(words(mention)) and not subcommand(words(mention))
    ]
    assert wrong == []


def test_commands_are_found():
    lines, mentions = commands(read("README.md"))
    assert len(lines) >= 4
    assert len(mentions) >= 4
    assert not parses(["run", "--no-such-option"])
    assert not parses(["verify"])
    assert not subcommand(["vendors", "shaw"])


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    targets = [link for link in LINK.findall(read(page)) if "://" not in link]
    missing = [t for t in targets if not (ROOT / page).parent.joinpath(t.split("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_scripts_that_are_called_exist(page):
    text = read(page)
    named = [line.split()[0] for line in [*fenced_lines(text), *INLINE.findall(text)]]
    scripts = [name for name in named if re.fullmatch(r"(docs|images)/[\w./-]+\.sh", name)]
    assert [name for name in scripts if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("top", ["measure", "judge"])
def test_every_room_has_its_owner_on_the_page_of_the_architecture(top):
    rooms = {path.parent.name for path in (ROOT / "suite" / top).glob("*/__init__.py")}
    listed = set(re.findall(rf"^\| `{top}/(\w+)/` ", read("docs/architecture.md"), re.MULTILINE))
    within = set(re.findall(r"`(\w+)/`", read("docs/architecture.md")))
    assert rooms - listed - within == set()
    assert listed - rooms == set()


def test_the_picture_is_small_enough():
    size = (ROOT / "docs/scorecard.png").stat().st_size
    assert 20_000 < size < 300_000


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".zh.md")])
def test_the_site_joins_chinese_lines_and_leaves_code_as_it_is(page):
    page_of_site = runpy.run_path(str(ROOT / "docs/.site/links.py"))["on_page_markdown"]
    shown, code = page_of_site(read(page)), re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    assert code.findall(shown) == code.findall(read(page))
    assert re.search(r"[\u4e00-\u9fff]\n[\u4e00-\u9fff]", code.sub("", shown)) is None


def test_the_site_leads_to_the_english_heading_where_there_is_no_chinese_one(tmp_path):
    lead = runpy.run_path(str(ROOT / "docs/.site/links.py"))["on_post_build"]
    (tmp_path / "zh").mkdir()
    (tmp_path / "rules.html").write_text('<h2 id="why">Why</h2>')
    (tmp_path / "zh/rules.html").write_text('<h2 id="为何">为何</h2>')
    page = tmp_path / "zh/errors.html"
    page.write_text('<a href="rules.html#why"> <a href="rules.html#%E4%B8%BA%E4%BD%95">')
    lead({"site_dir": str(tmp_path)})
    assert (
        page.read_text() == '<a href="../rules.html#why"> <a href="rules.html#%E4%B8%BA%E4%BD%95">'
    )
    page.write_text('<a href="rules.html#where">')
    with pytest.raises(SystemExit, match=r"rules\.html#where"):
        lead({"site_dir": str(tmp_path)})


def makefile_names() -> tuple[set[str], set[str]]:
    text = read("Makefile")
    return (
        set(re.findall(r"^([A-Z]+) \?=", text, re.MULTILINE)),
        set(re.findall(r"^([a-z-]+):", text, re.MULTILINE)),
    )


@pytest.mark.parametrize("page", PAGES)
def test_make_variables_and_targets_exist(page):
    variables, targets = makefile_names()
    text = read(page)
    codes = [*fenced_lines(text), *INLINE.findall(FENCE.sub("", text))]
    for code in codes:
        if code.startswith("make "):
            assert code.split()[1] in targets, code
        if code.startswith("make ") or page in READMES:
            assert set(re.findall(r"\b([A-Z]+)=", code)) <= variables, code
    for row in tables(text).get("Start", tables(text).get("开始", [])):
        assert in_code(row[0]) in variables


def test_every_variable_of_a_run_is_explained():
    makefile = read("Makefile")
    (exported,) = re.findall(r"^export (.*)$", makefile, re.MULTILINE)
    (flags,) = re.findall(r"^RUN_FLAGS := (.*)$", makefile, re.MULTILINE)
    used = {*exported.split(), *re.findall(r"\$\(([A-Z]+)\)", flags)}
    assert len(used) > 5
    for page, section in zip(READMES, ("Start", "开始"), strict=True):
        assert {in_code(row[0]) for row in tables(read(page))[section]} == used


@pytest.mark.parametrize("page", PAGES)
def test_make_run_lines_name_what_exists(page):
    lines = [line for line in fenced_lines(read(page)) if line.startswith("make run ")]
    for line in lines:
        given = [word for word in shlex.split(line, comments=True)[2:] if "=" in word]
        done = subprocess.run(
            ["make", "--dry-run", "--always-make", "run", *given],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        call = next(out for out in done.stdout.splitlines() if " -m suite run " in out)
        _, flags = call.split(" -m suite run ")
        # Make hands the variables over through the environment; the shell puts them in.
        environment = {"VENDOR": "cpu", **dict(word.split("=", 1) for word in given)}
        program = ["sh", "-c", f"printf '%s\\n' {flags}"]
        printed = subprocess.check_output(program, env=environment, text=True)
        arguments = context_of(["run", *printed.splitlines()]).params
        load_profile(arguments["profile"])
        if (ROOT / "vendors" / arguments["vendor"]).is_dir():
            load_vendor(arguments["vendor"]).engine(arguments["engine"])
        else:
            assert page.startswith(("docs/vendors", "docs/for-vendors")), (
                f"{line}: a vendor that is not there"
            )


def test_both_readmes_are_one():
    english, chinese = (read(page) for page in READMES)

    def shape(text: str) -> list[object]:
        lines = [match[2].splitlines() for match in FENCE.finditer(text) if match[1] == "sh"]
        return [
            len(re.findall(r"^## ", text, re.MULTILINE)),
            [shlex.split(line, comments=True) for block in lines for line in block],
            [len(rows) for rows in tables(text).values()],
            [re.sub(r"\.zh\.md", ".md", link) for link in LINK.findall(text)[1:]],
            re.findall(r"[\w.-]+\.(?:json|jsonl|log|pem|html)\b", "\n".join(fenced_lines(text))),
        ]

    assert shape(english) == shape(chinese)


def test_generated_pages_are_what_the_records_say():
    for path, text in pages().items():
        assert path.read_text("utf-8") == text, f"{path}: run python -m suite.cli.pages"


def test_codes_are_kebab_case():
    odd = [code for code in error_codes() if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)]
    assert odd == []


def test_every_code_is_raised_somewhere():
    """By its name in quotes, or put together from a beginning and an end: a code of neither form is dead."""
    files = [*(ROOT / "suite").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    sources = "".join(path.read_text("utf-8") for path in files)

    def composed(code):
        cuts = range(1, len(code))
        return any(
            (f'f"{code[:cut]}{{' in sources and f'"{code[cut:]}"' in sources)
            or (f'}}{code[cut:]}"' in sources and f'"{code[:cut]}"' in sources)
            for cut in cuts
        )

    dead = [code for code in error_codes() if f'"{code}"' not in sources and not composed(code)]
    assert dead == []


def test_notes_and_outcomes_are_documented():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "suite").rglob("*.py"))
    notes = {code.name for code in error_codes().values() if not code.statuses}
    assert notes == set(re.findall(r'\bnote\.(?:skip|warn|fail)\(\s*"([a-z-]+)"', sources))
    _, _, outcomes = error_table().outcomes
    assert sorted(outcomes) == sorted(get_args(OutcomeCode))


def test_exit_statuses_are_those_of_the_program():
    kinds = (*SuiteError.__subclasses__(), Interrupted)
    known = {0, 1, DEFECT} | {kind.exit_status for kind in kinds}
    rows = next(iter(tables(read("docs/errors.md")).values()))
    assert {int(row[0]) for row in rows} == known
    for page, start in zip(READMES, ("**Exit status.**", "**退出状态。**"), strict=True):
        paragraph = read(page).split(start)[1].split("\n\n")[0]
        assert {int(number) for number in re.findall(r"\d+", paragraph)} == known


def test_every_division_is_documented():
    for page in ("docs/rules.md", "docs/rules.zh.md"):
        rows = [row for section in tables(read(page)).values() for row in section]
        assert {row[0].strip("*") for row in rows if row[0].startswith("*")} == set(DIVISIONS)


@pytest.mark.parametrize("page", PAGES)
def test_rules_that_are_mentioned_exist(page):
    text = re.sub(r"R\d{3} (?:to|至) R\d{3}", "", read(page))  # headings give whole ranges
    text = re.sub(r"^```diff\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"\bR\d{3}\b", text)) <= {rule.number for rule in RULES}


def test_every_statistic_is_documented():
    rows = [row for section in tables(read("docs/metrics.md")).values() for row in section]
    assert {statistic.id for statistic in STATISTICS} <= {row[0].strip("`") for row in rows}


@pytest.mark.parametrize("page", [*READMES, "docs/metrics.md"])
def test_floors_of_percentiles_are_said(page):
    floors = [f"{PERCENTILE_FLOORS[90.0]}", f"{PERCENTILE_FLOORS[99.0]}"]
    if page.startswith("docs"):
        floors.append(f"{PERCENTILE_FLOORS[99.9]:,.0f}")
    assert all(floor in read(page) for floor in floors)


def test_every_view_of_another_tool_is_documented():
    names = {"db-gpt-csv"}
    for path in (ROOT / "suite/judge/report/othertools").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "View":
                names.add(ast.literal_eval(node.args[0]))
    section = tables(read("docs/metrics.md"))["The same events in other tools' terms"]
    assert {in_code(row[0]) for row in section} == names


def test_files_of_a_run_are_those_that_it_leaves():
    from suite.evidence import EVIDENCE_FILES, MANIFEST, OCCASIONAL_FILES
    from suite.judge.attest import sign

    written = {value for name, value in vars(sign).items() if name.endswith("_FILE")}
    for page in READMES:
        block = next(match[2] for match in FENCE.finditer(read(page)) if "plan.json" in match[2])
        named = set(re.findall(r"[\w.-]+\.(?:json|jsonl|log|pem|html)\b", block))
        assert named == {*EVIDENCE_FILES, *OCCASIONAL_FILES, MANIFEST, *written, "scorecard.html"}


def _defined(name: str) -> bool:
    """Whether a dotted name is a module of the suite, or stands in one."""
    place, inner = ROOT / name.replace(".", "/"), ""
    while not place.is_dir() and not place.with_suffix(".py").is_file():
        place, inner = place.parent, place.name
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return not inner or re.search(rf"\b{inner}\b", file.read_text(encoding="utf-8")) is not None


def test_what_docstrings_and_comments_name_is_there():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "suite").rglob("*.py")]
    named = {name for source in sources for name in OWN_NAME.findall(source)}
    named -= {"suite.setup.end"}  # a mark in a run's log
    assert len(named) > 50
    assert [name for name in sorted(named) if not _defined(name)] == []


def test_judging_loads_neither_docker_nor_an_engine():
    code = (
        "import sys, suite.judge.attest.verify_run, suite.judge.score, suite.judge.report.html\n"
        "print(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"docker", "torch", "vllm", "transformers"} & set(done.stdout.split())
