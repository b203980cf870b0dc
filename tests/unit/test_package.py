"""What is imported is declared, and what is declared is locked."""

import ast
import graphlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Programs that are run, not imported; and a package of which only a list is read.
PROGRAMS = {"pip", "py-rouge", "uv"}
# Imported where it is there, and offered as an extra.
EXTRAS = {
    "alembic",
    "oras",
    "pyarrow",
    "ray",
    "ruptures",
    "scipy",
    "sigstore",
    "sigstore_models",
    "sqlalchemy",
}


def normal(name):
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", name).group()).lower()


def imported():
    """Top-level modules that the suite imports; what runs under an engine's interpreter is the engine's."""
    modules = set()
    for path in (ROOT / "suite").rglob("*.py"):
        if path.is_relative_to(ROOT / "suite" / "assets"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(node.module.partition(".")[0])
    return modules - set(sys.stdlib_module_names) - EXTRAS - {"suite"}


def declared():
    return {normal(requirement) for requirement in PROJECT["dependencies"]}


def test_imports_are_declared_and_nothing_else_is():
    distributions = importlib.metadata.packages_distributions()
    needed = {normal(distributions[module][0]) for module in imported()}
    assert needed | PROGRAMS == declared()


def test_every_dependency_is_locked_with_hashes_and_no_index_is_named():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        locked = {normal(pin) for pin in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}
        assert declared() <= locked
        assert len(re.findall(r"(?m)^\S+==", text)) <= text.count("--hash=sha256:")
        assert not re.search(r"https?://|file:|index-url|find-links", text)


def test_one_uv_installs_everything():
    pins = {path.read_text() for path in (ROOT / "images").glob("*/uv.txt")}
    assert len(pins) == 1
    assert pins.pop().strip() in (ROOT / "requirements.lock").read_text("utf-8")


WITHOUT = """
import importlib, pkgutil, sys
for name in {extras}:
    sys.modules[name] = None
import suite.cli
names = [found.name for found in pkgutil.walk_packages(suite.cli.__path__, "suite.cli.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_command_comes_up_without_the_extras():
    """Else a command that needs none of them ends in a defect where they are not installed."""
    code = WITHOUT.format(extras=sorted(EXTRAS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_no_modules_import_each_other_in_a_circle():
    """Not for their types alone either: of two rooms that know each other neither can be read alone."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / "suite").rglob("*.py")
    }
    imports: dict[str, set[str]] = {}
    for module, path in files.items():
        nodes = ast.walk(ast.parse(path.read_text("utf-8")))
        names = [
            (node.module, f"{node.module}.{alias.name}")
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        ]
        needed = {inner if inner in files else outer for outer, inner in names}
        imports[module] = needed & set(files) - {module}
    assert imports["suite.cli.main"]
    graphlib.TopologicalSorter(imports).prepare()
