"""The shipped mini model, as far as it can be checked without torch."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from tokenizers import Tokenizer

from suite.declare.tasks.lead import first_sentence
from suite.declare.tasks.mini import mini_tasks
from suite.declare.tasks.reference import ROUGES, means, shipped

MODEL = Path(__file__).parents[4] / "suite" / "assets" / "mini_model"
PROMPT = "Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:"


def read(name: str) -> dict:
    return json.loads((MODEL / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def golden() -> list[dict]:
    lines = (MODEL / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def test_weights_are_small_and_of_the_declared_shape():
    path = MODEL / "model.safetensors"
    assert path.stat().st_size <= 16 * 2**20
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    shapes = {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
    assert sum(math.prod(shape) for shape in shapes.values()) <= 12_000_000
    config = read("config.json")
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert shapes["model.embed_tokens.weight"] == [config["vocab_size"], config["hidden_size"]]
    layers = {name.split(".")[2] for name in shapes if ".layers." in name}
    assert len(layers) == config["num_hidden_layers"]
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} == {"BF16"}


def test_golden_has_a_line_for_every_record(golden, tokenizer):
    config = read("config.json")
    assert [line["id"] for line in golden] == [task.id for task in mini_tasks()]
    for line in golden:
        ids = line["token_ids"]
        assert 1 <= len(ids) <= 64
        assert tokenizer.decode(ids, skip_special_tokens=True).strip() == line["text"]
        assert config["eos_token_id"] not in ids[:-1]


def test_reference_follows_from_golden_and_beats_lead1(golden):
    (reference,) = (known.document for known in shipped() if known.document.model.id == "mini")
    scorer = rouge_scorer.RougeScorer(list(ROUGES), use_stemmer=True)
    tasks = mini_tasks()
    for task, line, answer in zip(tasks, golden, reference.answers, strict=True):
        score = scorer.score(task.summary, line["text"])
        assert answer.id == task.id
        assert answer.rouge == pytest.approx([score[name].fmeasure for name in ROUGES])
        assert answer.tokens == len(line["token_ids"])
    leads = [scorer.score(t.summary, first_sentence(t.document))["rouge1"].fmeasure for t in tasks]
    assert means(reference)["rouge1"] >= sum(leads) / len(leads) + 0.10


def test_the_chat_template_renders_a_user_message(tokenizer):
    settings = read("tokenizer_config.json")
    rendered = jinja2.Template(settings["chat_template"]).render(
        messages=[{"role": "user", "content": "Some text."}],
        add_generation_prompt=True,
        bos_token=settings["bos_token"],
        eos_token=settings["eos_token"],
    )
    assert rendered == "<|bos|>Some text.<|answer|>"
    ids = tokenizer.encode(rendered).ids
    config = read("config.json")
    assert ids[0] == config["bos_token_id"]
    assert ids[-1] == tokenizer.token_to_id("<|answer|>")
    assert ids == tokenizer.encode(rendered, add_special_tokens=False).ids


def test_every_prompt_of_the_set_leaves_room_for_the_answer(tokenizer):
    longest = max(
        len(tokenizer.encode(PROMPT.format(document=task.document)).ids) for task in mini_tasks()
    )
    assert longest + 2 + 64 <= 1024 < read("config.json")["max_position_embeddings"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_encoded(text):
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text
