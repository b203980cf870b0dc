# Vendor      Moore Threads; 2 x MTT S5000 (indices 0,1)
# Engine      vLLM with the MUSA plug-in (vllm_musa), as container; vllm 0.28.0, musa 5.2, torch 2.11.0, python 3.10, mccl 2.4.0, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device musa --import torch_musa --dtype float16

# Checks, before anything is pulled or started
mthreads-gmi -q | grep -qP 'MTT S5000' || echo 'missing: the MT GPU driver with mthreads-gmi: install the MT GPU driver, or name the card that is there with --accelerator'
ls -d /dev/mtgpu.0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/mtgpu.1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'
docker info --format '{{json .Runtimes}}' | grep -qP mthreads || echo 'missing: the MT Container Toolkit (KUAE Cloud Native Toolkits): install the MT Container Toolkit, which registers the runtime mthreads with Docker'

# Image: pulled; public, not pinned by a digest
docker pull registry.mthreads.com/mcconline/inference/vllm/vllm-openai:v0.28.0

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
  --shm-size 80g \
  --runtime mthreads \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env VLLM_PLUGINS=musa,musa_custom_ops \
  --env VLLM_WORKER_MULTIPROC_METHOD=spawn \
  --env SAFETENSORS_FAST_GPU=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env MTHREADS_VISIBLE_DEVICES=0,1 \
  --env MUSA_VISIBLE_DEVICES=0,1 \
  registry.mthreads.com/mcconline/inference/vllm/vllm-openai:v0.28.0 \
  /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --gpu-memory-utilization 0.90 \
  --enable-chunked-prefill \
  --async-scheduling \
  --attention-config '{"backend":"FLASH_ATTN"}' \
  --compilation-config '{"cudagraph_capture_sizes":[1,4,16,64],"cudagraph_mode":"FULL_AND_PIECEWISE"}' \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: the vendor published none
# Telemetry, every 1000 ms: mthreads-gmi --query --json
# Telemetry, every 1000 ms: mthreads-gmi -q
# Telemetry, every 1000 ms: mthreads-gmi
