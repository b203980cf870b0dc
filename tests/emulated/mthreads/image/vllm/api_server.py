"""Emulates ``python -m vllm.entrypoints.openai.api_server`` of the vendor's image: its arguments and its refusals.

It refuses what the manual says is not supported, weights that were converted for another number of devices, and
a container without the variables and device nodes of its cards. The answers are scripted.
"""

import argparse
import configparser
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from suite.measure.engine import sim_server, sim_stream
from suite.measure.engine.sim_script import Script

VERSION = "0.0.0+emulated"
UNSUPPORTED = ("--quantization", "-q", "--worker-use-ray", "--engine-use-ray", "--rope-scaling",
               "--rope-theta", "--enable-lora", "--lora-modules", "--max-loras", "--max-lora-rank",
               "--distributed-executor-backend")  # fmt: skip
# Members of a request that vLLM of that time knows; it refuses all others with status 400.
MEMBERS = frozenset(
    (
        "messages",
        "prompt",
        "model",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "max_tokens",
        "n",
        "presence_penalty",
        "response_format",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "user",
        "best_of",
        "top_k",
        "min_p",
        "repetition_penalty",
        "length_penalty",
        "ignore_eos",
        "min_tokens",
        "stop_token_ids",
        "skip_special_tokens",
        "add_generation_prompt",
        "add_special_tokens",
        "include_stop_str_in_output",
        "echo",
        "suffix",
    )
)


def arguments():
    parser = argparse.ArgumentParser(prog="api_server.py", allow_abbrev=False)
    parser.add_argument("--model", required=True)
    parser.add_argument("--served-model-name")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tensor-parallel-size", "-tp", type=int, default=1)
    parser.add_argument("--pipeline-parallel-size", "-pp", type=int, default=1)
    parser.add_argument("--block-size", type=int, choices=[8, 16, 32, 64], default=16)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--kv-cache-dtype", default="auto")
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--max-num-batched-tokens", type=int)
    parser.add_argument("--gpu-memory-utilization", type=float, default=0.9)
    for flag in ("disable-log-stats", "disable-log-requests", "trust-remote-code", "enforce-eager",
                 "enable-prefix-caching"):  # fmt: skip
        parser.add_argument(f"--{flag}", action="store_true")
    for word in sys.argv[1:]:
        if word.partition("=")[0] in UNSUPPORTED:
            parser.error(f"MTTransformer does not support {word}")
    return parser.parse_args()


def require(holds, why):
    if not holds:
        sys.exit(f"ValueError: {why}")


def check_device(given):
    ranks = given.tensor_parallel_size
    for name in ("MTHREADS_VISIBLE_DEVICES", "MUSA_VISIBLE_DEVICES"):
        listed = [part for part in os.environ.get(name, "").split(",") if part]
        require(len(listed) == ranks, f"{name} names {listed}, {ranks} devices are needed")
    for index in os.environ["MTHREADS_VISIBLE_DEVICES"].split(","):
        require(Path(f"/dev/mtgpu.{index}").is_char_device(), f"there is no /dev/mtgpu.{index}")


def check_weights(given):
    directory = Path(given.model)
    require((directory / "config.ini").is_file(), f"{directory} holds no converted weights")
    config = configparser.ConfigParser()
    config.read(directory / "config.ini")
    baked = config[config.sections()[0]]
    require(
        int(baked["tensor_para_size"]) == given.tensor_parallel_size,
        f"weights converted for tensor_para_size {baked['tensor_para_size']}, "
        f"tensor_parallel_size is {given.tensor_parallel_size}",
    )
    require(baked["weight_data_type"] == "fp16", "the weights are not fp16")
    require(baked["arch"] == "mp_22", f"weights made for {baked['arch']}")
    for rank in range(given.tensor_parallel_size):
        path = directory / f"weights.{rank}.bin"
        require(path.is_file() and path.stat().st_size > 0, f"{path} is missing")
    limit = json.loads((directory / "config.json").read_text())["max_position_embeddings"]
    wanted = limit if given.max_model_len is None else given.max_model_len
    require(wanted <= limit, f"max_model_len {wanted} exceeds {limit}")


def check_arguments(given):
    require(given.device == "musa", f"device {given.device}: only musa is supported")
    require(given.block_size == 64, f"block_size {given.block_size}: only 64 is supported")
    require(given.dtype in ("auto", "float16"), f"dtype {given.dtype}: only float16 is supported")
    require(given.kv_cache_dtype == "auto", "kv_cache_dtype: only auto is supported")
    require(given.pipeline_parallel_size == 1, "pipeline_parallel_size: only 1 is supported")
    batched = given.max_num_batched_tokens
    require(
        batched is None or batched >= given.max_num_seqs,
        f"max_num_batched_tokens ({batched}) must not be below max_num_seqs ({given.max_num_seqs})",
    )


ANSWERS = json.loads(Path("/opt/emulated/answers.json").read_bytes())


def known(prompt):
    """The scripted answer to a prompt, None for a prompt that has none."""
    return ANSWERS.get(hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest())


class Answers(Script):
    """Says what the table has, one token to a chunk."""

    def answer(self, prompt, limit):
        found = known(prompt)
        parts = found["pieces"] if found else ["Yes", "."]
        return parts[:limit], len(parts) > limit


class Stream(sim_stream._Stream):
    """Counts the tokens of prompts as the model's tokenizer does."""

    def __init__(self, script, request, fault, number, slowness, reply):
        super().__init__(script, request, fault, number, slowness, reply)
        found = known(request.prompt)
        if found:
            reply.prompt_tokens = found["prompt_tokens"]


class Server(sim_server.SimServer):
    """Scripted answers, for this model's name and with the request members of that vLLM only."""

    name = ""

    def _generate(self, client, path, body, arrived_ns):
        request = json.loads(body)
        if request.get("model") != self.name:
            why = sim_stream.refuse(404, f"The model `{request.get('model')}` does not exist.")
        elif extra := sorted(request.keys() - MEMBERS):
            why = sim_stream.refuse(400, f"Extra inputs are not permitted: {', '.join(extra)}")
        else:
            super()._generate(client, path, body, arrived_ns)
            return
        self._send(client, why)


def main():
    given = arguments()
    print(f"INFO 01-05 10:00:00 api_server.py:177] args: {given}", flush=True)
    check_arguments(given)
    check_weights(given)
    check_device(given)
    sim_server.VERSION = VERSION
    sim_stream._Stream = Stream
    print(
        f"INFO 01-05 10:00:00 llm_engine.py:161] Initializing an LLM engine (v{VERSION}) with config: "
        f"model={given.model!r}, dtype=torch.float16, max_seq_len={given.max_model_len}, "
        f"tensor_parallel_size={given.tensor_parallel_size}, device_config=musa, emulated=True",
        flush=True,
    )
    server = Server(
        Answers(ttft_ms=30.0, itl_ms=5.0, token_ids=False), host=given.host, port=given.port
    )
    server.name = given.served_model_name or given.model
    end, told = os.pipe()
    signal.signal(signal.SIGTERM, lambda number, frame: os.write(told, b"x"))
    server.run(end)


if __name__ == "__main__":
    main()
