"""The language of the command line: the option first, then the locale, English without either."""

from __future__ import annotations

import json
import re

import pytest

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.base.language import Language, by_locale
from suite.cli.main import main

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh"}, Language.ZH),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, Language.EN),
        ({"LC_ALL": "", "LC_MESSAGES": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, Language.ZH),
        ({"LANG": "de_DE.UTF-8"}, Language.EN),
    ],
)
def test_the_first_variable_that_is_set_decides(variables, language):
    assert by_locale(variables) is language


@pytest.fixture(autouse=True)
def no_locale(monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_the_option_outdoes_the_locale(capsys, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    main(["plan", "--vendor", "cpu"])
    assert HAN.search(capsys.readouterr().out)
    main(["plan", "--vendor", "cpu", "--lang", "en"])
    assert not HAN.search(capsys.readouterr().out)


def test_json_stays_english(capsys):
    main(["doctor", "--vendor", "cpu", "--json", "--lang", "zh"])
    said = json.loads(capsys.readouterr().out)
    assert not any(HAN.search(check["answer"] + check["advice"]) for check in said["checks"])


def test_an_unknown_language_is_refused(capsys):
    assert main(["plan", "--lang", "fr"]) == 2
    assert "error[usage-wrong]" in capsys.readouterr().err


def test_a_refusal_speaks_the_language():
    error = SetupError(
        "docker-unreachable",
        Sentence("no Docker engine answers", "没有 Docker 引擎应答"),
        hint=Sentence("start the Docker engine", "启动 Docker 引擎"),
    )
    assert (
        error.render()
        == "error[docker-unreachable]: no Docker engine answers\n  hint: start the Docker engine"
    )
    assert (
        error.render(Language.ZH)
        == "error[docker-unreachable]: 没有 Docker 引擎应答\n  建议: 启动 Docker 引擎"
    )
