"""Prompts of exact length: exact by the model's own tokenizer, each its own, the same on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, processors

from suite.base.errors import DataError
from suite.declare.tasks.synthetic import (
    ExactPrompt,
    Words,
    exact_ids,
    exact_texts,
    prompt_key,
    shortest_prompts,
    synthetic_task,
)
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import Tokenizer

MINI = Tokenizer.from_directory(
    Path(__file__).resolve().parents[4] / "suite" / "assets" / "mini_model"
)
WORDS = Words.of(task.document for task in mini_set(64).tasks)
APIS = ("chat", "completions")


def bytes_tokenizer(directory, *, template=None, split=True):
    """Every byte is a token; sequences begin with a special one. Without `split` a word's bytes stay apart."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {char: index for index, char in enumerate(alphabet)}
    vocabulary["<s>"] = len(vocabulary)
    merges = []
    if not split:  # pairs of letters merge, so that there are odd and even words
        for pair in ("th", "an", "in", "re", "er"):
            vocabulary[pair] = len(vocabulary)
            merges.append((pair[0], pair[1]))
    made = tokenizers.Tokenizer(models.BPE(vocabulary, merges))
    made.add_special_tokens(["<s>"])
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    made.save(str(directory / "tokenizer.json"))
    config = {} if template is None else {"chat_template": template}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    return Tokenizer.from_directory(directory)


@settings(max_examples=60)
@given(
    st.lists(st.integers(3, 700), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
    st.sampled_from(APIS),
)
def test_lengths_are_exact_with_the_shipped_tokenizer(lengths, seed, api):
    wanted = [ExactPrompt(prompt_key(seed, "p", 0, i), tokens) for i, tokens in enumerate(lengths)]
    texts = exact_texts(MINI, WORDS, wanted, api)
    assert MINI.prompt_tokens(texts, api) == lengths
    assert texts == [text.strip() for text in texts]
    assert exact_texts(MINI, WORDS, wanted[:1], api) == texts[:1], "neighbours change nothing"


@settings(max_examples=30)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.integers(0, 99))
def test_ids_are_exact_and_known_to_the_model(lengths, seed):
    wanted = [ExactPrompt(prompt_key(seed, "p", 0, i), tokens) for i, tokens in enumerate(lengths)]
    ids = exact_ids(MINI, WORDS, wanted)
    assert [len(item) for item in ids] == lengths
    assert all(0 <= item < 3990 for prompt in ids for item in prompt)


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("length", [7, 8, 9, 50, 333])
def test_lengths_are_exact_with_other_tokenizers(tmp_path, split, length):
    template = "<<{% for m in messages %}{{ m.content | trim }}{% endfor %}>>"
    tokenizer = bytes_tokenizer(tmp_path, template=template, split=split)
    for api in APIS:
        wanted = [ExactPrompt(prompt_key(1, "p", 0, i), length) for i in range(40)]
        texts = exact_texts(tokenizer, WORDS, wanted, api)
        assert set(tokenizer.prompt_tokens(texts, api)) == {length}


def test_a_long_prompt_is_exact():
    wanted = [ExactPrompt(prompt_key(1, "p", 0, 0), 40_000)]
    (text,) = exact_texts(MINI, WORDS, wanted, "chat")
    assert MINI.prompt_tokens([text], "chat") == [40_000]


def test_every_request_has_a_prompt_of_its_own():
    keys = [
        prompt_key(seed, phase, repeat, index)
        for seed in (1, 2)
        for phase in ("a", "a-warmup")
        for repeat in (0, 1)
        for index in range(50)
    ]
    texts = exact_texts(MINI, WORDS, [ExactPrompt(key, 40) for key in keys], "chat")
    assert len(set(texts)) == len(keys)
    assert len({text[:30] for text in texts}) == len(keys), "not even their beginnings are shared"


def test_prompts_are_the_same_for_ever():
    (text,) = exact_texts(
        MINI, WORDS, [ExactPrompt(prompt_key(1, "lengths-i16", 0, 0), 16)], "chat"
    )
    assert text == GOLDEN


def test_what_is_too_short_is_refused():
    assert shortest_prompts(MINI) == {"chat": 3, "completions": 1}
    for api, least in shortest_prompts(MINI).items():
        exact_texts(MINI, WORDS, [ExactPrompt("k", least)], api)
        with pytest.raises(DataError) as caught:
            exact_texts(MINI, WORDS, [ExactPrompt("k", least - 1)], api)
        assert caught.value.code == "length-too-short"


def test_special_tokens_count(tmp_path):
    tokenizer = bytes_tokenizer(tmp_path)
    assert shortest_prompts(tokenizer) == {"completions": 2}
    assert exact_ids(tokenizer, WORDS, [ExactPrompt("k", 1)]) == [[tokenizer.ids([""])[0][0]]]
    with pytest.raises(DataError):
        exact_texts(tokenizer, WORDS, [ExactPrompt("k", 1)], "completions")


def test_a_length_that_no_text_has_is_refused(tmp_path):
    tokenizer = bytes_tokenizer(
        tmp_path, template="{{ messages[0].content }}{{ messages[0].content }}"
    )
    wanted = [ExactPrompt("k", 8)]
    assert tokenizer.prompt_tokens(exact_texts(tokenizer, WORDS, wanted, "chat"), "chat") == [8]
    with pytest.raises(DataError) as caught:
        exact_texts(tokenizer, WORDS, [ExactPrompt("k", 9)], "chat")
    assert caught.value.code == "length-unreachable"


def test_documents_without_words_are_refused():
    with pytest.raises(DataError) as caught:
        Words.of(["", " \n"])
    assert caught.value.code == "words-missing"


def test_synthetic_tasks_are_named_by_their_request():
    assert [synthetic_task(index) for index in (0, 17)] == ["synthetic-0", "synthetic-17"]


GOLDEN = "for taken at Jack Walsh, the story of scene Underhill, people"
