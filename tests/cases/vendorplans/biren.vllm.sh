# Vendor      Biren; 2 x Biren 166 (indices 0,1)
# Engine      brvllm (vllm), as container; vllm unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
brsmi gpu --query-gpu=index,memory.used,memory.free --format=csv,noheader,nounits >/dev/null || echo 'missing: the Biren driver with brsmi: install the BIRENSUPA driver'
ls -d /dev/biren/card_0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/biren/card_1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'

# Image: pulled; public
docker pull registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc

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
  --device /dev/biren/card_0 \
  --device /dev/biren/card_1 \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env SUPA_VISIBLE_DEVICES=0,1 \
  registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc \
  python3 -m vllm.entrypoints.openai.api_server \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: no nominal figure of the vendor's own was found
# Telemetry, every 1000 ms: brsmi gpu --query-gpu=index,memory.used,memory.free --format=csv
