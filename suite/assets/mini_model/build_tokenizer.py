"""Trains the mini model's tokenizer: byte-level BPE on generated articles, so any text can be encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from suite.base import jsonio
from suite.declare.tasks.mini import training_tasks

if TYPE_CHECKING:
    from pathlib import Path

PAD: Final = "<|pad|>"
BOS: Final = "<|bos|>"
EOS: Final = "<|eos|>"
ANSWER: Final = "<|answer|>"
VOCABULARY: Final = 4096
MAX_POSITIONS: Final = 4096

# No token is added on encoding: the rendered text holds them all, so a rendered prompt gives the same
# ids at the chat endpoint and at the completions endpoint.
CHAT_TEMPLATE: Final = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "{{ '<|answer|> ' + message['content'] + eos_token }}"
    "{% else %}"
    "{{ message['content'] }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}"
)

SETTINGS: Final = {
    "bos_token": BOS,
    "chat_template": CHAT_TEMPLATE,
    "clean_up_tokenization_spaces": False,
    "eos_token": EOS,
    "model_max_length": MAX_POSITIONS,
    "pad_token": PAD,
}


def build(records: int, seed: int, prompt: str) -> PreTrainedTokenizerFast:
    """Return a tokenizer trained on *records* generated records rendered with *prompt*."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, BOS, EOS, ANSWER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tasks = training_tasks(seed, records)
    texts = [prompt.format(document=task.document) + " " + task.summary for task in tasks]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SETTINGS)


def save(tokenizer: PreTrainedTokenizerFast, directory: Path) -> None:
    """Write ``tokenizer.json`` and a ``tokenizer_config.json`` that old and new transformers read."""
    tokenizer.backend_tokenizer.save(str(directory / "tokenizer.json"))
    settings = SETTINGS | {"tokenizer_class": "PreTrainedTokenizerFast"}
    (directory / "tokenizer_config.json").write_bytes(jsonio.pretty(settings))
