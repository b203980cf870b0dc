"""The language of the command line: the option first, then the locale, English without either."""

from __future__ import annotations

import json
import re

import pytest

from suite.base.bilingual import Sentence
from suite.base.errorcodes import error_codes
from suite.base.errors import SetupError
from suite.base.language import Language, by_locale, choose
from suite.cli.main import main
from suite.declare.profiles.load import profile_names
from suite.declare.profiles.purposes import CHINESE
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.declare.vendor.text import vendor_text
from tests.factories.languages import ENGLISH, HAN


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


def test_vendors_are_listed_by_their_chinese_names(capsys):
    main(["vendors", "list", "--lang", "zh"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("英伟达", "摩尔线程", "华为昇腾"))
    main(["vendors", "list"])
    assert not HAN.search(capsys.readouterr().out)


def test_json_stays_english(capsys):
    main(["doctor", "--vendor", "cpu", "--json", "--lang", "zh"])
    said = json.loads(capsys.readouterr().out)
    assert not any(HAN.search(check["answer"] + check["advice"]) for check in said["checks"])


def test_an_unknown_language_is_refused(capsys):
    assert main(["plan", "--lang", "fr"]) == 2
    assert "error[usage-wrong]" in capsys.readouterr().err


def test_a_refusal_in_foreign_words_is_explained_in_chinese():
    error = SetupError("docker-failed", "Error response from daemon: no such thing")
    assert "\n  说明: Docker 引擎拒绝了调用" in error.render(Language.ZH)
    assert "说明" not in error.render()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (
            ["plan", "--model", "minii"],
            "error[model-unknown]: 没有目录 minii\n  建议: 是否指 'mini'？请给出目录、Hugging Face 编号",
        ),
        (["plan", "--vendor", "nvidai"], "没有厂商 'nvidai'\n  建议: 是否指 'nvidia'？已知："),
        (["plna"], "suite 没有命令 'plna'\n  建议: 是否指 'plan'？"),
        (["plan", "--modle", "x"], "suite plan 没有选项 --modle"),
        (["verify"], "suite verify：缺少"),
        (["chat", "--max-tokens", "none"], "'--max-tokens' 的取值有误：'none' 不是 1 到"),
        (["plan", "--lang", "zz"], "error[usage-wrong]: suite plan: invalid value"),
        (["plan", "--profile"], "选项 '--profile' 需要取值"),
        (["keygen", "spare"], "多余的参数 spare"),
        (["chat", "--temperature", "3"], "'--temperature' 的取值有误：'3' 不是 0 到 2 的数"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_and_its_hint_are_chinese(words, shown, capsys, monkeypatch):
    if "--lang" not in words:
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        choose(Language.ZH)
    assert main(words) == 2
    assert shown in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(error_codes()))
def test_every_code_is_explained_in_chinese(name):
    words = error_codes()[name].zh
    assert HAN.search(words)
    assert words.endswith("。")
    assert not ENGLISH.search(re.sub(r"`[^`]*`", "", words))


@pytest.mark.parametrize(
    "words",
    [
        ("vendors", "check", "nvidia"),
        ("data", "formats"),
        ("sim", "--list-cheats"),
        ("sim", "--list-faults"),
        ("profiles",),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_what_commands_print_is_chinese(words, capsys):
    require_chinese(capsys, *words)


def require_chinese(capsys, *words):
    """What a command prints is Chinese, every line of it."""
    assert main([*map(str, words), "--lang", "zh"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(map(HAN.search, lines))
    spoken = [re.sub(r"`[^`]*`", "", line) for line in lines]
    assert [line for line in spoken if ENGLISH.search(line)] == []


def test_every_shipped_profile_says_its_purpose_in_chinese():
    assert set(CHINESE) == set(profile_names())
    assert all(map(HAN.search, CHINESE.values()))


@pytest.mark.parametrize("name", list_vendors())
def test_a_declaration_in_chinese_has_english_only_where_it_was_declared(name):
    text = vendor_text(load_vendor(name).doc)
    ours = re.compile(
        r"^ {0,4}(?:Accelerator|Engine|memory|power|peak|precision|image|arguments|ready|Sources|Beware)\b",
        re.MULTILINE,
    )
    assert ours.search(text)
    assert not ours.search(text.zh)
    assert text.zh.count("\n") == text.count("\n")


def test_data_in_chinese(tmp_path, capsys):
    table, target = tmp_path / "t.csv", tmp_path / "t.jsonl"
    table.write_text("id,document,summary\n1,some words are here,words\n2,others,there\n", "utf-8")
    require_chinese(capsys, "data", "show", table)
    require_chinese(capsys, "data", "convert", table, "--to", target)
    require_chinese(capsys, "data", "verify", target)


def test_keys_trust_and_rounds_in_chinese(tmp_path, capsys):
    key, listed, made = tmp_path / "k.pem", tmp_path / "keys.json", tmp_path / "c.json"
    require_chinese(capsys, "keygen", "--out", key)
    public = key.with_name("k.pub.pem")
    main(["trust", "add", str(listed), "acme", "--role", "reviewer", "--key", str(public)])
    require_chinese(capsys, "trust", "check", listed)
    require_chinese(capsys, "round", "new", "2026-1", "--key", key, "--out", made)
    require_chinese(capsys, "round", "show", made)
    require_chinese(capsys, "round", "check", made, "--trust", listed)
    identity = json.loads(_listed(capsys, listed))[0]["key_id"]
    require_chinese(capsys, "trust", "revoke", listed, identity, "--reason", "lost")
    require_chinese(capsys, "trust", "list", listed)


def _listed(capsys, path):
    main(["trust", "list", str(path), "--json"])
    return capsys.readouterr().out


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
