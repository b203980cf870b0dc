"""An OpenAI-compatible server around OpenVINO GenAI's continuous batching, whose wheel brings the library alone.

The main thread steps the pipeline for all requests together; each connection has a thread that sends what the steps
bring. What a request asks for and this cannot give is refused, never left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import queue
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import openvino
import openvino_genai

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
MEMBERS = {
    "model", "messages", "prompt", "max_tokens", "max_completion_tokens", "min_tokens", "ignore_eos", "temperature", "top_p",
    "seed", "stop", "stream", "stream_options", "return_token_ids", "skip_special_tokens",
}  # fmt: skip
"""Of a request's body."""
ENDS = {
    openvino_genai.GenerationFinishReason.STOP: "stop",
    openvino_genai.GenerationFinishReason.LENGTH: "length",
}


class RefusalError(Exception):
    """A request that asks for what is not served."""


class Request(NamedTuple):
    """A request that the pipeline works on, and what came of it and is not sent yet: ids, and why it ended or ""."""

    number: int
    handle: openvino_genai.GenerationHandle
    pieces: queue.SimpleQueue[tuple[list[int], str]]

    def read(self) -> bool:
        """Take what a step brought; whether the request has ended."""
        ids, end = [], ""
        while self.handle.can_read():
            for output in self.handle.read().values():
                ids += output.generated_ids
                end = ENDS.get(output.finish_reason, "")
        ended = self.handle.get_status() != openvino_genai.GenerationStatus.RUNNING
        if ids or ended:
            self.pieces.put((ids, (end or "abort") if ended else ""))
        return ended

    def answer(self) -> Iterator[tuple[list[int], str]]:
        """Ids as they come, and why the answer ends with the last of them; a reader that leaves cancels it."""
        end = ""
        try:
            while not end:
                ids, end = self.pieces.get()
                yield ids, end
        finally:
            if not end:
                self.handle.cancel()


class Engine:
    """The pipeline and the requests that it works on."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = chosen.cache_size
        scheduler.max_num_seqs = chosen.max_num_seqs
        scheduler.max_num_batched_tokens = chosen.max_num_batched_tokens
        scheduler.enable_prefix_caching = chosen.enable_prefix_caching
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": chosen.kv_cache_dtype,
        }
        if chosen.threads:
            properties["INFERENCE_NUM_THREADS"] = chosen.threads
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            chosen.model, scheduler, "CPU", properties
        )
        self.name: str = chosen.served_model_name
        self.tokenizer = self._pipeline.get_tokenizer()
        self._longest: int = chosen.max_model_len
        self._defaults = self._pipeline.get_config()
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running: list[Request] = []

    def prompt(self, body: dict[str, Any], path: str) -> list[int]:
        """The ids of a request's prompt."""
        if path == COMPLETIONS and isinstance(body["prompt"], list):
            return list(map(int, body["prompt"]))
        text, special = body.get("prompt"), True
        if path == CHAT:
            # Whatever goes before a prompt stands in the chat template.
            text = self.tokenizer.apply_chat_template(body["messages"], add_generation_prompt=True)
            special = False
        encoded = self.tokenizer.encode(text, add_special_tokens=special)
        return [int(number) for number in encoded.input_ids.data[0]]

    def generation(self, body: dict[str, Any], prompt: int) -> openvino_genai.GenerationConfig:
        """How to decode, from the request alone: no penalties or temperatures of the model's directory."""
        if unknown := sorted(body.keys() - MEMBERS):
            raise RefusalError(f"not served: {', '.join(unknown)}")
        room = self._longest - prompt
        limit = body.get("max_completion_tokens", body.get("max_tokens", room))
        if limit > room:
            raise RefusalError(f"{prompt} tokens and {limit} more are above {self._longest}")
        config = openvino_genai.GenerationConfig()
        config.set_eos_token_id(self._defaults.eos_token_id)
        config.stop_token_ids = self._defaults.stop_token_ids
        config.max_new_tokens = limit
        config.min_new_tokens = body.get("min_tokens", 0)
        config.ignore_eos = body.get("ignore_eos", False)
        stop = body.get("stop") or []
        config.stop_strings = {stop} if isinstance(stop, str) else set(stop)
        temperature = body.get("temperature", 1.0)
        config.do_sample = temperature > 0
        if config.do_sample:
            config.temperature = temperature
            config.top_p = body.get("top_p", 1.0)
            config.rng_seed = body.get("seed") or 0
        return config

    def begin(self, prompt: list[int], config: openvino_genai.GenerationConfig) -> Request:
        """Hand a request over."""
        number = next(self._numbers)
        tensor = openvino.Tensor(np.array([prompt], dtype=np.int64))
        with self._changed:
            handle = self._pipeline.add_request(number, tensor, config)
            request = Request(number, handle, queue.SimpleQueue())
            self._running.append(request)
            self._changed.notify()
        return request

    def work(self) -> None:
        """Step the pipeline for ever; what it raises ends the server."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._running)
                running = list(self._running)
            self._pipeline.step()
            ended = {request.number for request in running if request.read()}
            with self._changed:
                self._running = [each for each in self._running if each.number not in ended]


class Text:
    """The text of an answer, in parts: a character that is not complete waits for the ids that complete it."""

    def __init__(self, tokenizer: openvino_genai.Tokenizer, *, skip_special: bool) -> None:
        self._tokenizer, self._skip_special = tokenizer, skip_special
        self._ids: list[int] = []
        self._shown, self._begun = "", 0

    def add(self, ids: list[int], *, last: bool) -> str:
        """What these ids add to the text."""
        self._ids += ids
        text = self._tokenizer.decode(self._ids[self._begun :], self._skip_special)
        if text.endswith("\N{REPLACEMENT CHARACTER}") and not last:
            return ""
        new = text[len(self._shown) :]
        # The last ids stay: what a token looks like may depend on the one before it.
        self._begun = len(self._ids) - len(ids)
        self._shown = self._tokenizer.decode(self._ids[self._begun :], self._skip_special)
        return new


class Answer:
    """One request's answer, as a stream or whole."""

    def __init__(
        self, engine: Engine, asked: dict[str, Any], path: str, request: Request, prompt: int
    ) -> None:
        self._pieces = request.answer()
        self._text = Text(engine.tokenizer, skip_special=asked.get("skip_special_tokens", True))
        self._chat, self._ids = path == CHAT, asked.get("return_token_ids", False)
        self._usage = {"prompt_tokens": prompt, "completion_tokens": 0, "total_tokens": prompt}
        self._told = (asked.get("stream_options") or {}).get("include_usage", False)
        kind = "chat.completion" if self._chat else "text_completion"
        self._head = {
            "id": f"{kind}-{request.number}",
            "created": int(time.time()),
            "model": engine.name,
        }
        self._kind = kind

    def events(self) -> Iterator[str]:
        """The data of each event of the stream."""
        head = {**self._head, "object": self._kind + ".chunk" * self._chat}
        for ids, text, end in self._parts():
            words = {"delta": {"content": text}} if self._chat else {"text": text}
            yield json.dumps({**head, "choices": [self._choice(words, ids, end)]})
        if self._told:
            yield json.dumps({**head, "choices": [], "usage": self._usage})
        yield "[DONE]"

    def whole(self) -> dict[str, Any]:
        """The answer in one document."""
        parts = list(self._parts())
        text = "".join(text for _, text, _ in parts)
        message = {"message": {"role": "assistant", "content": text}}
        ids = [number for ids, _, _ in parts for number in ids]
        choice = self._choice(message if self._chat else {"text": text}, ids, parts[-1][2])
        return {**self._head, "object": self._kind, "choices": [choice], "usage": self._usage}

    def _parts(self) -> Iterator[tuple[list[int], str, str]]:
        for ids, end in self._pieces:
            self._usage["completion_tokens"] += len(ids)
            self._usage["total_tokens"] += len(ids)
            yield ids, self._text.add(ids, last=bool(end)), end

    def _choice(self, words: dict[str, Any], ids: list[int], end: str) -> dict[str, Any]:
        known = {"token_ids": ids} if self._ids else {}
        return {"index": 0, **words, **known, "finish_reason": end or None}


class Handler(BaseHTTPRequestHandler):
    """Answers one connection, request by request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    engine: Engine

    def do_GET(self) -> None:
        """Health, version and the model's name."""
        model = {"id": self.engine.name, "object": "model", "owned_by": "openvino"}
        answers: dict[str, Any] = {
            "/health": {},
            "/version": {"version": openvino_genai.get_version()},
            "/v1/models": {"object": "list", "data": [model]},
        }
        known = self.path in answers
        self._send(
            200 if known else 404, answers.get(self.path, {"error": {"message": "no such path"}})
        )

    def do_POST(self) -> None:
        """A chat completion or a completion."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path not in (CHAT, COMPLETIONS):
            self._send(404, {"error": {"message": "no such path"}})
            return
        try:
            asked = json.loads(body)
            if asked["model"] != self.engine.name:
                raise RefusalError(f"the model is {self.engine.name}")  # noqa: TRY301 - answered with the others
            prompt = self.engine.prompt(asked, self.path)
            request = self.engine.begin(prompt, self.engine.generation(asked, len(prompt)))
        except RefusalError as cause:
            self._send(400, {"error": {"message": str(cause)}})
            return
        except (ValueError, KeyError, TypeError, RuntimeError) as cause:
            self._send(400, {"error": {"message": f"{type(cause).__name__}: {cause}"}})
            return
        answer = Answer(self.engine, asked, self.path, request, len(prompt))
        if asked.get("stream"):
            self._stream(answer)
        else:
            self._send(200, answer.whole())

    def _stream(self, answer: Answer) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in answer.events():
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - its name there
        """Nothing: a line for each request takes the cores' time."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as an offline phase opens."""

    request_queue_size = 4096
    daemon_threads = True


def parser() -> argparse.ArgumentParser:
    """The options, called as vLLM calls them."""
    options = argparse.ArgumentParser(prog="serve.py", description=__doc__, allow_abbrev=False)
    options.add_argument("--model", required=True, help="directory of OpenVINO's files")
    options.add_argument("--served-model-name", required=True, help="name of the model in answers")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=8000, help="port to listen on")
    options.add_argument(
        "--max-model-len", type=int, required=True, help="prompt and answer of one request, tokens"
    )
    options.add_argument("--cache-size", type=int, default=2, help="of keys and values, GiB")
    options.add_argument(
        "--kv-cache-dtype", choices=("f32", "f16", "bf16", "u8"), default="f32", help="of the cache"
    )
    options.add_argument("--max-num-seqs", type=int, default=256, help="requests at a time")
    options.add_argument("--max-num-batched-tokens", type=int, default=256, help="of one step")
    options.add_argument("--threads", type=int, default=0, help="0: the library's own choice")
    options.add_argument(
        "--enable-prefix-caching", action=argparse.BooleanOptionalAction, default=False
    )
    return options


def main() -> None:
    """Serve until a signal comes."""
    chosen = parser().parse_args()
    # The first process of a container has no default action for signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Handler.engine = Engine(chosen)
    server = Server((chosen.host, chosen.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on {chosen.host}:{server.server_port}", flush=True)
    Handler.engine.work()


if __name__ == "__main__":
    main()
