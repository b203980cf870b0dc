"""Everything that can go wrong with the scripted server's answers, by name."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Sentence

FAULTS: Final = {
    "aborts": Sentence(
        "gives the answer up midway and ends it politely, with `reason` as finish reason and all its tokens in the usage",
        "中途放弃回答并礼貌地结束，以 `reason` 为结束原因，用量包含全部 token",
    ),
    "cached_prompt": Sentence(
        "says that all but one token of the prompt came from a cache (no fault of the stream: the rules see to it)",
        "称提示词除一个 token 外均来自缓存（不是流的故障：由规则查出）",
    ),
    "closes_early": Sentence(
        "ends the connection properly, but before the end of the response",
        "正常关闭连接，但在响应结束之前",
    ),
    "comments": Sentence(
        "sends a comment before every chunk (no fault: clients must skip them)",
        "在每个数据块之前发送注释（不是故障：客户端必须跳过）",
    ),
    "crlf": Sentence("ends lines with CR LF (no fault either)", "以 CR LF 结束各行（也不是故障）"),
    "dies_after": Sentence(
        "the process ends after some chunks of this request", "进程在此请求的若干数据块之后结束"
    ),
    "empty_answer": Sentence("generates nothing", "不生成任何内容"),
    "empty_reason": Sentence(
        "gives every chunk an empty finish reason, also the one with usage after the last (no fault either)",
        "每个数据块的结束原因均为空，包括最后带用量的一块（也不是故障）",
    ),
    "error_in_stream": Sentence(
        "sends an error object inside a stream that began well", "在正常开始的流中发送错误对象"
    ),
    "flat_error": Sentence(
        "the same, but the object's members are the error's", "同上，但对象的成员就是错误的成员"
    ),
    "floods": Sentence("sends large chunks without end", "无休止地发送大数据块"),
    "floods_comments": Sentence(
        "sends long comments without end, and never a token", "无休止地发送长注释，而没有 token"
    ),
    "gzip": Sentence("compresses the stream though nobody asked", "未经请求即压缩流"),
    "http_400": Sentence("refuses the request with 400", "以 400 拒绝请求"),
    "http_500": Sentence("healthy, but answers 500", "状态正常，但以 500 应答"),
    "json_error": Sentence(
        "answers 200 with an error as one JSON document", "以 200 应答，内容为一个 JSON 错误"
    ),
    "lies_about_usage": Sentence(
        "claims three times the tokens that it generated", "所报 token 数是实际生成的三倍"
    ),
    "lines_cut": Sentence(
        "writes every chunk in pieces of three bytes", "将每个数据块以三字节为单位写出"
    ),
    "malformed_chunk": Sentence("sends a chunk that is no JSON", "发送不是 JSON 的数据块"),
    "never_ends": Sentence("generates for ever", "永远生成下去"),
    "no_done": Sentence("leaves out the final [DONE]", "省略结尾的 [DONE]"),
    "no_finish": Sentence(
        "ends the stream in the middle, without finish reason and [DONE]",
        "在流的中间结束，没有结束原因与 [DONE]",
    ),
    "no_stream": Sentence("answers with one JSON document", "以一个 JSON 文档应答"),
    "no_usage": Sentence("sends no usage though it was asked for", "虽经请求，但不发送用量"),
    "not_http": Sentence("answers with something that is not HTTP", "以非 HTTP 的内容应答"),
    "null_index": Sentence(
        "numbers its only choice with null (no fault either)",
        "以 null 为唯一选项编号（也不是故障）",
    ),
    "rate_limited": Sentence("answers 429 with Retry-After", "以 429 与 Retry-After 应答"),
    "reasons_only": Sentence("generates reasoning and no answer", "只生成推理，没有回答"),
    "refuses": Sentence("stops listening and drops every connection", "停止监听并断开所有连接"),
    "resets_midway": Sentence(
        "resets the connection in the middle of the stream", "在流的中间重置连接"
    ),
    "role_only_first_chunk": Sentence(
        "sends the role in a chunk of its own long before the first token",
        "在第一个 token 之前很久，单独发送角色",
    ),
    "several_tokens_per_chunk": Sentence(
        "packs four tokens into a chunk", "将四个 token 放入一个数据块"
    ),
    "silent": Sentence("accepts the request and never answers", "接受请求而从不应答"),
    "slow_start": Sentence(
        "is not healthy for the first `ms` milliseconds", "在最初的 `ms` 毫秒内状态不正常"
    ),
    "splits_characters": Sentence(
        "sends a character as two halves in two chunks (no fault either: clients must join them)",
        "将一个字符分成两半放入两个数据块（也不是故障：客户端必须合并）",
    ),
    "stalls": Sentence(
        "stops in the middle of the stream and keeps the connection open",
        "在流的中间停住，并保持连接",
    ),
    "text_error": Sentence(
        "answers 200 with an error as plain text, as a proxy does",
        "如代理那样，以 200 应答，内容为纯文本的错误",
    ),
    "thinks_aloud": Sentence(
        "thinks in the answer itself, up to a closing tag without an opening one",
        "在回答中思考，直到没有起始标签的结束标签",
    ),
    "uncached_usage": Sentence(
        "counts 0 prompt tokens, because the prompt was in its cache (the rules see to it, too)",
        "因提示词在缓存中而计为 0 个提示 token（也由规则查出）",
    ),
    "unframed_error": Sentence(
        "answers 200 as an event stream whose body is an error without any event",
        "以事件流形式应答 200，其内容为不带事件的错误",
    ),
    "usage_in_choice": Sentence(
        "counts inside the last chunk's choice (no fault either)",
        "用量在最后一块的选项之中（也不是故障）",
    ),
}
"""Every fault by name, with what it does."""
