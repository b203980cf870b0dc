# Vendor      CPU; 1 x Host CPU
# Engine      transformers serve (transformers), as process; transformers 5.19.0, accelerate 1.15.0, torch 2.13.0, python 3.11
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float32 requested, float32 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cpu --dtype float32

# Engine: in the Python environment .venv-transformers (images/cpu-transformers/requirements.txt); ready when /health answers 200, within 600 s
env \
  PATH="$PWD/.venv-transformers/bin:$PATH" \
  HF_HUB_OFFLINE=1 \
  transformers serve /data/models/Llama-2-13b-chat-hf --device cpu --dtype float32 --host 127.0.0.1 --port 8000

# Requests to /v1/chat/completions, model '/data/models/Llama-2-13b-chat-hf': at most 4032 tokens in, 64 out, temperature 0
# Chunks carry no token ids: tokens are counted from usage and text
#   single-stream-warmup #1: 2 requests, concurrency 1, warm-up, not counted
#   single-stream #1: 96 requests, 32 of them controls, concurrency 1, measured
#   offline-warmup #1: 16 requests, concurrency 16, warm-up, not counted
#   offline #1: 256 requests, all at once, measured
#   server-warmup #1: 4 requests, concurrency 1, warm-up, not counted
#   server #1: 64 requests, poisson arrivals, 10 per second (10.8 as drawn, goodput 11 at most), seed 1, measured

# MFU: not measured: peak not declared for fp32: follows from cores, sustained clock and FMA units, of which the clock is not declared
# Telemetry, every 500 ms: procfs
