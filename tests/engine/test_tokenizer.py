"""The suite's own rendering and counting against transformers: a mismatch would inflate token counts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from suite.declare.tasks.chat_template import ChatTemplate
from suite.declare.tasks.prompt import CLOSED_V1, COMPAT_FLAGPERF
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import Tokenizer

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "suite" / "assets" / "mini_model"
PYTHON = Path(os.environ.get("SUITE_ENGINE_PYTHON", ROOT / ".venv-transformers/bin/python"))

# Each uses other conventions that real models' templates use.
TEMPLATES = [
    # headers, trimming, a loop over all turns
    (
        "{% for m in messages %}{{ '<|start|>' + m['role'] + '\n\n' + m['content'] | trim + '<|eot|>' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\n\n' }}{% endif %}"
    ),
    # a default system turn, tools, tojson
    (
        "{%- if tools %}{{ tools | tojson }}{%- endif %}\n{%- if messages[0]['role'] != 'system' %}"
        "<|im_start|>system\nYou are helpful.<|im_end|>\n{%- endif %}\n{%- for m in messages %}\n"
        "    <|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{%- endfor %}\n"
        "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
    ),
    # a namespace, alternation checked, special tokens, loop variables
    (
        "{{ bos_token }}{% set ns = namespace(turns=0) %}{% for m in messages %}"
        "{% if (m['role'] == 'user') != (ns.turns % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}"
        "{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]{% set ns.turns = ns.turns + 1 %}"
        "{% else %}{% generation %}{{ m['content'] }}{{ eos_token }}{% endgeneration %}{% endif %}"
        "{% if loop.last %}{% break %}{% endif %}{% endfor %}"
    ),
    # trimmed and stripped blocks over many lines
    (
        "{% for m in messages %}\n  {% if m.role == 'user' %}\n  Q: {{ m.content }}\n  {% endif %}\n"
        "{% endfor %}\nA:"
    ),
    # a macro, a mapping, string methods, an undefined name
    (
        "{% macro turn(m) %}{{ {'user': 'U', 'assistant': 'A'}[m.role] }}: {{ m.content.strip() }}\n"
        "{% endmacro %}{% for m in messages %}{{ turn(m) }}{% endfor %}{{ enable_thinking is defined }}"
    ),
]


@pytest.fixture(scope="module")
def witness():
    if not PYTHON.exists():
        pytest.skip(f"no Python with transformers: {PYTHON} (set SUITE_ENGINE_PYTHON)")
    documents = [task.document for task in mini_set().tasks[:24]]
    documents += [
        "",
        " ",
        "\n\n",
        "Café £5 – “naïve”… 中文 😀",
        "<|eos|> {{ bos_token }} {document}",
    ]
    prompts = [CLOSED_V1.render(one) for one in documents]
    prompts += [COMPAT_FLAGPERF.render(one) for one in documents]
    asked = json.dumps({"model": str(MODEL), "templates": TEMPLATES, "prompts": prompts})
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).parent / "tokenizer_probe.py")],
        input=asked,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return prompts, json.loads(done.stdout)


def test_the_models_own_template_gives_the_same_text_and_counts(witness):
    prompts, said = witness
    tokenizer = Tokenizer.from_directory(MODEL)
    chats = [tokenizer.chat([{"role": "user", "content": prompt}]) for prompt in prompts]
    assert chats == said["rendered"][0]
    assert tokenizer.prompt_tokens(prompts, "chat") == said["counts"][0]
    assert tokenizer.prompt_tokens(prompts, "completions") == said["plain"]


@pytest.mark.parametrize("number", range(len(TEMPLATES)))
def test_templates_of_other_models_give_the_same_text(witness, number):
    prompts, said = witness
    template = ChatTemplate(TEMPLATES[number], {"bos_token": "<|bos|>", "eos_token": "<|eos|>"})
    chats = [template.render([{"role": "user", "content": prompt}]) for prompt in prompts]
    assert chats == said["rendered"][number + 1]
