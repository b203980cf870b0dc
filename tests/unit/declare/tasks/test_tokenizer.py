"""Token counts and cuts, with tokenizers that are made here and with the shipped one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from suite.base.errors import DataError
from suite.declare.tasks.prompt import load_prompt
from suite.declare.tasks.tokenizer import Tokenizer, fit_prompts, load_tokenizer
from suite.documents.value import NotMeasured

MINI = Path(__file__).resolve().parents[4] / "suite" / "assets" / "mini_model"
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}{{ '<ans>' }}"
CLOSED = load_prompt("closed-v1")


def _byte_level() -> tokenizers.Tokenizer:
    """Every byte is a token: characters beyond ASCII have several."""
    vocabulary = {
        char: index for index, char in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))
    }
    for special in ("<s>", "<ans>"):
        vocabulary[special] = len(vocabulary)
    made = tokenizers.Tokenizer(models.BPE(vocabulary, []))
    made.add_special_tokens(["<s>", "<ans>"])
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    made.enable_truncation(5)  # a saved setting that must not cut our counts
    made.enable_padding(length=64)
    return made


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("model")
    _byte_level().save(str(directory / "tokenizer.json"))
    config = {"bos_token": "<s>", "chat_template": TEMPLATE, "model_max_length": 10**30}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    return directory


@pytest.fixture(scope="module")
def tokenizer(model):
    return Tokenizer.from_directory(model)


def test_counts_ignore_saved_truncation_and_padding(tokenizer):
    assert tokenizer.count("abcdefghij") == 10
    assert tokenizer.count("é") == 2
    assert tokenizer.count("abc", special=True) == 4


def test_the_chat_template_writes_the_special_tokens_itself(tokenizer):
    assert tokenizer.prompt_tokens(["abc", "é"], "chat") == [5, 4]
    assert tokenizer.prompt_tokens(["abc", "é"], "completions") == [4, 3]


def test_digests_are_of_the_file_and_of_the_template(tokenizer, model):
    import hashlib

    assert tokenizer.sha256 == hashlib.sha256((model / "tokenizer.json").read_bytes()).hexdigest()
    assert tokenizer.chat_template_sha256 == hashlib.sha256(TEMPLATE.encode()).hexdigest()


def test_a_short_document_stays_whole(tokenizer):
    (fitted,) = fit_prompts(tokenizer, CLOSED, ["short"], api="chat", max_input_tokens=500)
    assert fitted.text == CLOSED.render("short")
    assert not fitted.truncated
    assert fitted.tokens == tokenizer.prompt_tokens([fitted.text], "chat")[0]


FRAME = len(CLOSED.render("").encode()) + 2  # with <s> and <ans>


@settings(max_examples=150)
@given(st.text(max_size=60), st.integers(FRAME, FRAME + 80))
def test_a_cut_fits_keeps_whole_characters_and_wastes_no_room(document, limit):
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        _byte_level().save(f"{directory}/tokenizer.json")
        config = json.dumps({"bos_token": "<s>", "chat_template": TEMPLATE})
        Path(directory, "tokenizer_config.json").write_text(config)
        tokenizer = Tokenizer.from_directory(Path(directory))
    (fitted,) = fit_prompts(tokenizer, CLOSED, [document], api="chat", max_input_tokens=limit)
    size = len(document.encode("utf-8"))
    assert fitted.truncated == (FRAME + size > limit)
    assert fitted.tokens <= limit
    longest = document.encode("utf-8")[: limit - FRAME].decode("utf-8", "ignore")
    assert fitted.text == CLOSED.render(longest.rstrip() if fitted.truncated else document)


def test_without_room_for_the_prompt_itself_it_is_refused(tokenizer):
    with pytest.raises(DataError) as caught:
        fit_prompts(tokenizer, CLOSED, ["x" * 99], api="chat", max_input_tokens=FRAME - 1)
    assert caught.value.code == "prompt-too-long"


def test_without_a_tokenizer_nothing_is_counted_or_cut():
    (fitted,) = fit_prompts(None, CLOSED, ["x" * 9999], api="chat", max_input_tokens=10)
    assert (fitted.tokens, fitted.truncated) == (None, False)
    assert fitted.text == CLOSED.render("x" * 9999)


def test_a_normaliser_does_not_shift_the_cut(tmp_path):
    made = _byte_level()
    made.normalizer = normalizers.NFD()  # one character becomes two
    made.save(str(tmp_path / "tokenizer.json"))
    (fitted,) = fit_prompts(
        Tokenizer.from_directory(tmp_path), CLOSED, ["é" * 30], api="completions",
        max_input_tokens=FRAME - 1 + 10,
    )  # fmt: skip
    assert fitted.text == CLOSED.render("é" * 3)  # three bytes each, decomposed


def test_a_model_without_a_chat_template_says_so(tmp_path):
    _byte_level().save(str(tmp_path / "tokenizer.json"))
    tokenizer = Tokenizer.from_directory(tmp_path)
    assert tokenizer.chat_template_sha256 is None
    assert tokenizer.prompt_tokens(["abc"], "completions") == [4]
    with pytest.raises(DataError) as caught:
        tokenizer.prompt_tokens(["abc"], "chat")
    assert caught.value.code == "chat-template-missing"


def test_a_model_without_tokenizer_json_gives_the_reason(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(b"x")
    missing = load_tokenizer(tmp_path)
    assert isinstance(missing, NotMeasured)
    assert "tokenizer.model" in missing.why


@pytest.mark.parametrize("content", [b"", b"{}", b'{"model":{}}', b"\xff", b"[1]"])
def test_a_broken_tokenizer_is_refused(tmp_path, content):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_tokenizer(tmp_path)
    assert caught.value.code == "tokenizer-wrong"


@pytest.mark.parametrize("content", ["[]", "{"])
def test_a_broken_configuration_is_refused(tmp_path, content):
    _byte_level().save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text(content)
    with pytest.raises(DataError):
        load_tokenizer(tmp_path)


def test_the_mini_model_counts_and_decodes_what_it_shipped_with():
    tokenizer = Tokenizer.from_directory(MINI)
    prompt = CLOSED.render("Two people were hurt when a bus left the road.")
    (count,) = tokenizer.prompt_tokens([prompt], "chat")
    assert count == tokenizer.count(tokenizer.chat([{"role": "user", "content": prompt}]))
    golden = MINI / "golden.jsonl"
    if not golden.is_file():
        pytest.skip("the mini model's golden answers are not there")
    for line in golden.read_text("utf-8").splitlines()[:32]:
        record = json.loads(line)
        assert tokenizer.decode(record["token_ids"]).strip() == record["text"]
