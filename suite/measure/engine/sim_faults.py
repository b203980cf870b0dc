"""Everything that can go wrong with the scripted server's answers, by name."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual

FAULTS: Final = {
    "aborts": Bilingual(
        "gives the answer up midway and ends it politely, with `reason` as finish reason and all its tokens in the usage",
        "中途放弃回答并正常结束，以 `reason` 为结束原因，用量含全部 token",
    ),
    "cached_prompt": Bilingual(
        "says that all but one token of the prompt came from a cache (no fault of the stream: the rules see to it)",
        "声称除一个 token 外提示词都来自缓存（流本身无故障：由规则处理）",
    ),
    "closes_early": Bilingual(
        "ends the connection properly, but before the end of the response",
        "正常关闭连接，但回答尚未完成",
    ),
    "comments": Bilingual(
        "sends a comment before every chunk (no fault: clients must skip them)",
        "每个数据块前发送一条注释（不是故障：客户端须跳过）",
    ),
    "crlf": Bilingual(
        "ends lines with CR LF (no fault either)",
        "以 CR LF 换行（也不是故障）",
    ),
    "dies_after": Bilingual(
        "the process ends after some chunks of this request",
        "在该请求的若干数据块之后进程结束",
    ),
    "empty_answer": Bilingual(
        "generates nothing",
        "什么也不生成",
    ),
    "empty_reason": Bilingual(
        "gives every chunk an empty finish reason, also the one with usage after the last (no fault either)",
        "每个数据块的结束原因都为空，末尾之后带用量的一块也是（也不是故障）",
    ),
    "error_in_stream": Bilingual(
        "sends an error object inside a stream that began well",
        "在开头正常的流中发送错误对象",
    ),
    "flat_error": Bilingual(
        "the same, but the object's members are the error's",
        "同上，但对象的成员即错误的成员",
    ),
    "floods": Bilingual(
        "sends large chunks without end",
        "无休止地发送大数据块",
    ),
    "floods_comments": Bilingual(
        "sends long comments without end, and never a token",
        "无休止地发送长注释，从不发送 token",
    ),
    "gzip": Bilingual(
        "compresses the stream though nobody asked",
        "未被要求即压缩流",
    ),
    "http_400": Bilingual(
        "refuses the request with 400",
        "以 400 拒绝请求",
    ),
    "http_500": Bilingual(
        "healthy, but answers 500",
        "健康检查正常，但以 500 回答",
    ),
    "json_error": Bilingual(
        "answers 200 with an error as one JSON document",
        "以 200 回答，内容是单个 JSON 文档形式的错误",
    ),
    "lies_about_usage": Bilingual(
        "claims three times the tokens that it generated",
        "声称的 token 数为实际生成的三倍",
    ),
    "lines_cut": Bilingual(
        "writes every chunk in pieces of three bytes",
        "把每个数据块切成三字节的片段写出",
    ),
    "malformed_chunk": Bilingual(
        "sends a chunk that is no JSON",
        "发送不是 JSON 的数据块",
    ),
    "never_ends": Bilingual(
        "generates for ever",
        "永远生成下去",
    ),
    "no_done": Bilingual(
        "leaves out the final [DONE]",
        "省略最后的 [DONE]",
    ),
    "no_finish": Bilingual(
        "ends the stream in the middle, without finish reason and [DONE]",
        "在中途结束流，没有结束原因，也没有 [DONE]",
    ),
    "no_stream": Bilingual(
        "answers with one JSON document",
        "以单个 JSON 文档回答",
    ),
    "no_usage": Bilingual(
        "sends no usage though it was asked for",
        "被要求却不发送用量",
    ),
    "not_http": Bilingual(
        "answers with something that is not HTTP",
        "以非 HTTP 的内容回答",
    ),
    "null_index": Bilingual(
        "numbers its only choice with null (no fault either)",
        "以 null 为唯一选项编号（也不是故障）",
    ),
    "rate_limited": Bilingual(
        "answers 429 with Retry-After",
        "以 429 和 Retry-After 回答",
    ),
    "reasons_only": Bilingual(
        "generates reasoning and no answer",
        "只生成思考，没有答案",
    ),
    "refuses": Bilingual(
        "stops listening and drops every connection",
        "停止监听并断开所有连接",
    ),
    "resets_midway": Bilingual(
        "resets the connection in the middle of the stream",
        "在流的中途重置连接",
    ),
    "role_only_first_chunk": Bilingual(
        "sends the role in a chunk of its own long before the first token",
        "在首个 token 之前很久，单独发送一个只含角色的数据块",
    ),
    "several_tokens_per_chunk": Bilingual(
        "packs four tokens into a chunk",
        "把四个 token 装入一个数据块",
    ),
    "silent": Bilingual(
        "accepts the request and never answers",
        "接受请求但从不回答",
    ),
    "slow_start": Bilingual(
        "is not healthy for the first `ms` milliseconds",
        "最初 `ms` 毫秒内健康检查不通过",
    ),
    "splits_characters": Bilingual(
        "sends a character as two halves in two chunks (no fault either: clients must join them)",
        "把一个字符分成两半放在两个数据块中（也不是故障：客户端须拼接）",
    ),
    "stalls": Bilingual(
        "stops in the middle of the stream and keeps the connection open",
        "在流的中途停住，保持连接打开",
    ),
    "thinks_aloud": Bilingual(
        "thinks in the answer itself, up to a closing tag without an opening one",
        "在答案本身中思考，直到一个没有开头标签的结束标签",
    ),
    "uncached_usage": Bilingual(
        "counts 0 prompt tokens, because the prompt was in its cache (the rules see to it, too)",
        "因提示词在缓存中而计其 token 数为 0（也由规则处理）",
    ),
    "unframed_error": Bilingual(
        "answers 200 as an event stream whose body is an error without any event",
        "以 200 事件流回答，正文是不含任何事件的错误",
    ),
    "usage_in_choice": Bilingual(
        "counts inside the last chunk's choice (no fault either)",
        "在最后一个数据块的选项内计数（也不是故障）",
    ),
}
"""Every fault by name, with what it does."""
