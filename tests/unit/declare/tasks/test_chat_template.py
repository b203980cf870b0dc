"""Chat templates with the conventions of transformers, and what they must not be able to do."""

from __future__ import annotations

from datetime import datetime

import pytest

from suite.base.errors import DataError
from suite.declare.tasks.chat_template import ChatTemplate, special_tokens, template_text
from suite.declare.tasks.thinking import thinking_in
from suite.documents.basis import Thinking

USER = [{"role": "user", "content": "Hi <b> & {{ x }}"}]


def _render(text, **tokens):
    return ChatTemplate(text, tokens).render(USER)


def test_special_tokens_messages_and_the_generation_prompt_are_there():
    text = (
        "{{ bos_token }}{% for message in messages %}[{{ message['role'] }}]{{ message.content }}"
        "{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    rendered = _render(text, bos_token="<s>", eos_token="</s>")
    assert rendered == "<s>[user]Hi <b> & {{ x }}</s>[assistant]"


def test_blocks_are_trimmed_as_in_transformers():
    text = (
        "{% for m in messages %}\n  {% if true %}\n{{ m.content }}\n  {% endif %}\n{% endfor %}\n"
    )
    assert _render(text) == "Hi <b> & {{ x }}\n"


def test_tojson_leaves_html_and_letters_alone():
    assert _render("{{ {'a': '<é&>'} | tojson }}") == '{"a": "<é&>"}'
    assert _render("{{ [1, 2] | tojson(indent=1) }}") == "[\n 1,\n 2\n]"


def test_generation_marks_and_loop_controls_work():
    text = (
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
        "{% break %}{% endfor %}"
    )
    assert _render(text) == "Hi <b> & {{ x }}"


def test_tools_and_documents_are_none():
    text = "{{ tools is none }} {{ documents is none }} {{ missing is defined }}"
    assert _render(text) == "True True False"


def test_the_date_is_told():
    text = "{{ strftime_now('%d %b %Y') }}"
    template = ChatTemplate(text, {}, now=datetime(2026, 1, 31))  # noqa: DTZ001
    assert template.render(USER) == "31 Jan 2026"


def test_what_the_template_says_is_reported():
    with pytest.raises(DataError, match="roles must alternate") as caught:
        _render("{{ raise_exception('roles must alternate') }}")
    assert caught.value.code == "chat-template-failed"


@pytest.mark.parametrize(
    "text",
    [
        "{{ messages.append(1) }}",
        "{{ messages[0].update(a=1) }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.__class__.__base__.__subclasses__() }}",
        "{{ range(10 ** 9) | list }}",
        "{{ 1 / 0 }}",
        "{{ messages[7].content }}",
        "{{ none.x.y }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ '%d' % 'x' }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_bad_template_is_refused_and_harms_nothing(text):
    messages = [dict(message) for message in USER]
    with pytest.raises(DataError) as caught:
        ChatTemplate(text, {}).render(messages)
    assert caught.value.code == "chat-template-failed"
    assert messages == USER


def test_no_jinja_is_refused():
    with pytest.raises(DataError) as caught:
        ChatTemplate("{% for %}", {})
    assert caught.value.code == "chat-template-wrong"


def test_special_tokens_are_text_or_objects_with_content():
    config = {
        "bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False}, "pad_token": None,
        "add_bos_token": True, "model_max_length": 10**30,
    }  # fmt: skip
    assert special_tokens(config) == {"bos_token": "<s>", "eos_token": "</s>"}


def test_the_jinja_file_comes_before_the_configuration(tmp_path):
    config = {"chat_template": "from config"}
    assert template_text(tmp_path, {}) is None
    assert template_text(tmp_path, config) == "from config"
    (tmp_path / "chat_template.json").write_text('{"chat_template": "from json"}')
    assert template_text(tmp_path, {}) == "from json"
    assert template_text(tmp_path, config) == "from config"
    (tmp_path / "chat_template.jinja").write_text("from jinja")
    assert template_text(tmp_path, config) == "from jinja"


def test_of_several_templates_the_default_counts(tmp_path):
    named = [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]
    assert template_text(tmp_path, {"chat_template": named}) == "D"
    for wrong in (named[:1], [], 7, {"name": "default", "template": 1}):
        with pytest.raises(DataError) as caught:
            template_text(tmp_path, {"chat_template": wrong})
        assert caught.value.code == "chat-template-wrong"


QWEN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}{{ messages[0].content }}"
    "<Assistant>{% if thinking %}<think>{% else %}</think>{% endif %}"
)


@pytest.mark.parametrize(
    ("text", "thinking", "end"),
    [
        (QWEN, Thinking(switch="enable_thinking", begun=False), "<think>\n\n</think>\n\n"),
        (DEEPSEEK, Thinking(switch="thinking", begun=False), "<Assistant></think>"),
        (
            "{{ messages[0].content }}{{ '<think>' if enable_thinking else '' }}",
            Thinking(switch="enable_thinking", begun=False),
            "x",
        ),
        (
            "{{ messages[0].content }}<Assistant><think>\n",
            Thinking(switch="", begun=True),
            "<think>",
        ),
        ("{% set thinking = messages[0].thinking %}{{ messages[0].content }}", None, "x"),
        ("{{ messages[0].content }}", None, "x"),
    ],
)
def test_thinking_is_switched_off_where_the_template_knows_how(text, thinking, end):
    template = ChatTemplate(text, {})
    assert template.thinking == thinking
    assert template.render([{"role": "user", "content": "x"}]).endswith(end)


@pytest.mark.parametrize(
    ("text", "begun", "share"),
    [
        ("A bridge opens.", False, "none"),
        ("A bridge opens.", True, "all"),
        ("<think>hm</think>A bridge opens.", False, "part"),
        ("hm\n</think>\n\nA bridge opens.", True, "part"),
        ("hm\n</think>\n", False, "all"),
        (" <think>\nhm", False, "all"),
        ("[THINK]hm[/THINK]A bridge", False, "part"),
    ],
)
def test_how_much_of_an_answer_is_thinking(text, begun, share):
    assert thinking_in(text, begun=begun) == share
