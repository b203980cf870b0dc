# Vendor      NVIDIA; unknown devices
# Engine      a running server (vllm), as endpoint; vllm 0.27.1, os Ubuntu 24.04, cuda unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   unknown requested, unknown executed: of a running server nobody observed the precision
# Reuse       prefix caching on, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Engine: runs already at http://10.0.0.1:8000

# Requests to /v1/chat/completions, model 'meta-llama/Llama-2-13b-chat-hf': at most 4032 tokens in, 64 out, temperature 0
# Chunks carry token ids
#   single-stream-warmup #1: 2 requests, concurrency 1, warm-up, not counted
#   single-stream #1: 96 requests, 32 of them controls, concurrency 1, measured
#   offline-warmup #1: 16 requests, concurrency 16, warm-up, not counted
#   offline #1: 256 requests, all at once, measured
#   server-warmup #1: 4 requests, concurrency 1, warm-up, not counted
#   server #1: 64 requests, poisson arrivals, 10 per second (10.8 as drawn, goodput 11 at most), seed 1, measured

# MFU: not measured: accelerator unknown: nobody observed what the running server computes on; --accelerator and --devices say so
