# Vendor      NVIDIA; 1 x NVIDIA H100 80GB SXM (indices 0)
# Engine      vLLM (vllm), as container; vllm 0.27.1, os Ubuntu 24.04, cuda unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
nvidia-smi --query-gpu=name --format=csv,noheader --id=0 | grep -qP 'H100 80GB HBM3' || echo 'missing: the NVIDIA driver with nvidia-smi (0): install the driver, or name the GPU that is there with --accelerator'
ls -d /dev/nvidia0 >/dev/null || echo 'missing: the device node of each GPU (0): load the driver'"'"'s kernel module; nvidia-smi does it when run as root'

# Image: pulled; public
docker pull me/vllm:1@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

# Engine: ready when /health answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 16g \
  --device /dev/nvidia0 \
  --device /dev/nvidiactl \
  --device /dev/nvidia-uvm \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/usr/bin/nvidia-smi,target=/usr/bin/nvidia-smi,readonly \
  --mount type=bind,source=/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1,target=/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1,readonly \
  --mount type=bind,source=/usr/lib/x86_64-linux-gnu/libcuda.so.1,target=/usr/lib/x86_64-linux-gnu/libcuda.so.1,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  me/vllm:1@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb \
  /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 1 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
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

# MFU divides by 989 TFLOP/s per device (fp16, dense): https://github.com/stas00/ml-engineering/blob/744d01e/compute/accelerator/README.md
# Telemetry, every 1000 ms: nvidia-smi --query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm,clocks_event_reasons.active,enforced.power.limit,pcie.link.gen.current,pcie.link.width.current,ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total --format=csv --id=0
# Telemetry, every 1000 ms: nvidia-smi --query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm --format=csv --id=0
# Devices sign before and after: nvattest --format json collect-evidence --device gpu --nonce '{nonce}'
