"""llama.cpp's own HTTP server, from the library that xllamacpp wraps, with llama-server's words for its options.

The wheel has the server and no program that starts it: this is that program, and adds nothing to what is served.
"""

from __future__ import annotations

import argparse
import os
import signal

import xllamacpp

ENDING = {signal.SIGTERM, signal.SIGINT}
CACHE_TYPES = {"f32": "GGML_TYPE_F32", "f16": "GGML_TYPE_F16", "bf16": "GGML_TYPE_BF16"}


def parser() -> argparse.ArgumentParser:
    """The options; those of `llama-server`, but for ``--max-model-len``."""
    options = argparse.ArgumentParser(prog="serve.py", description=__doc__, allow_abbrev=False)
    options.add_argument("--model", required=True, help="GGUF file")
    options.add_argument(
        "--alias", "--served-model-name", required=True, help="name of the model in answers"
    )
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=8080, help="port to listen on")
    options.add_argument(
        "--max-model-len", type=int, required=True, help="prompt and answer of one request, tokens"
    )
    options.add_argument("--parallel", type=int, default=4, help="requests at a time")
    options.add_argument("--threads", type=int, default=0, help="0: the library's own choice")
    options.add_argument("--batch-size", type=int, default=2048, help="tokens of one step")
    options.add_argument("--ubatch-size", type=int, default=512, help="tokens computed at a time")
    options.add_argument("--cache-type-k", choices=CACHE_TYPES, default="f16", help="of keys")
    options.add_argument("--cache-type-v", choices=CACHE_TYPES, default="f16", help="of values")
    options.add_argument(
        "--cache-prompt", action=argparse.BooleanOptionalAction, default=True, help="prefix reuse"
    )
    options.add_argument("--metrics", action="store_true", help="serve /metrics")
    return options


def parameters(chosen: argparse.Namespace) -> xllamacpp.CommonParams:
    """The server's parameters; whatever no option names stays as the library has it."""
    params = xllamacpp.CommonParams()
    params.model.path = chosen.model
    params.model_alias = {chosen.alias}
    params.hostnames = [chosen.host]
    params.port = chosen.port
    params.n_parallel = chosen.parallel
    params.n_ctx = chosen.max_model_len * chosen.parallel  # the library shares it out to its slots
    params.n_batch, params.n_ubatch = chosen.batch_size, chosen.ubatch_size
    params.cache_type_k = getattr(xllamacpp.ggml_type, CACHE_TYPES[chosen.cache_type_k])
    params.cache_type_v = getattr(xllamacpp.ggml_type, CACHE_TYPES[chosen.cache_type_v])
    params.cache_prompt = chosen.cache_prompt
    if not chosen.cache_prompt:
        params.cache_ram_mib = 0  # the second place where prompts are kept
    params.endpoint_metrics = chosen.metrics
    params.use_jinja = True
    if chosen.threads:
        params.cpuparams.n_threads = chosen.threads
    return params


def main() -> None:
    """Serve until a signal comes."""
    chosen = parser().parse_args()
    # The first process of a container is sent no signal that it has no action for, unless it holds it back.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    server = xllamacpp.Server(parameters(chosen))
    print(f"listening on {server.listening_address}", flush=True)
    signal.sigwait(ENDING)
    os._exit(0)  # the library would wait half a minute for whoever keeps a connection


if __name__ == "__main__":
    main()
