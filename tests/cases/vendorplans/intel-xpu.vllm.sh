# Vendor      Intel; 2 x Intel Arc Pro B60 (indices 0,1)
# Engine      vLLM for Intel GPUs (vllm), as container; vllm 0.26.0, oneapi unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device xpu --dtype float16

# Checks, before anything is pulled or started
xpu-smi discovery -d 0 | grep -qP '\bB60\b' || echo 'missing: the Intel GPU driver with Intel'"'"'s xpu-smi (0): install the Intel GPU driver and Intel XPU Manager (Kunlunxin'"'"'s tool of the same name answers differently), or name the card that is there with --accelerator'
xpu-smi discovery -d 1 | grep -qP '\bB60\b' || echo 'missing: the Intel GPU driver with Intel'"'"'s xpu-smi (1): install the Intel GPU driver and Intel XPU Manager (Kunlunxin'"'"'s tool of the same name answers differently), or name the card that is there with --accelerator'
ls -d '/dev/dri/renderD*' >/dev/null || echo 'missing: the render nodes of the GPUs: load the kernel module i915 or xe'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/vllm/vllm-openai-xpu:v0.26.0

# Engine: ready when /health answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --group-add video \
  --group-add render \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 16g \
  --device /dev/dri \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/dev/dri/by-path,target=/dev/dri/by-path,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env ZE_AFFINITY_MASK=0,1 \
  docker.io/vllm/vllm-openai-xpu:v0.26.0 \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --block-size 64 \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: Intel quotes INT8 TOPS for this card; no 16-bit figure was found
# Telemetry, every 1000 ms: xpu-smi dump -d 0,1 -m 0,1,2,3,18 -n 1
