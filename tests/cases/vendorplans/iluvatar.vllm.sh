# Vendor      Iluvatar CoreX; 2 x Iluvatar BI-V150 (indices 0,1)
# Engine      vLLM for CoreX (vllm), as container; corex 4.2, vllm 0.8.3, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
env LD_LIBRARY_PATH=/usr/local/corex/lib /usr/local/corex/bin/ixsmi | grep -qP 'BI-V150\b' || echo 'missing: the CoreX driver with ixsmi: install the CoreX driver and SDK under /usr/local/corex, or name the card that is there with --accelerator'
ls -d /dev/iluvatar0 >/dev/null || echo 'missing: the device node of each chip (0): load the driver'"'"'s kernel module'
ls -d /dev/iluvatar1 >/dev/null || echo 'missing: the device node of each chip (1): load the driver'"'"'s kernel module'
docker info --format '{{json .Runtimes}}' | grep -qP iluvatar || echo 'missing: the Iluvatar container toolkit: install ix-container-toolkit 1.1.0 or later, which registers the runtime iluvatar with Docker'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/gpustack/runner:corex4.2-vllm0.8.3

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
  --shm-size 32g \
  --runtime iluvatar \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env VLLM_ENFORCE_CUDA_GRAPH=1 \
  --env IX_VISIBLE_DEVICES=0,1 \
  --env CUDA_VISIBLE_DEVICES=0,1 \
  --entrypoint vllm \
  docker.io/gpustack/runner:corex4.2-vllm0.8.3 \
  serve /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --pipeline-parallel-size 1 \
  --gpu-memory-utilization 0.9 \
  --disable-cascade-attn \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: no claim is used
# Telemetry, every 1000 ms: env LD_LIBRARY_PATH=/usr/local/corex/lib /usr/local/corex/bin/ixsmi
