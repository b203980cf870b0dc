# Vendor      Biren; 2 x Biren 166 (indices 0,1)
# Engine      SGLang (sglang), as container; birensupa 26.04.rc2, torch 2.9.0, python 3.10, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
brsmi gpu --query-gpu=index,memory.used,memory.free --format=csv,noheader,nounits >/dev/null || echo 'missing: the Biren driver with brsmi: install the BIRENSUPA driver'
ls -d /dev/biren/card_0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/biren/card_1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'

# Image: loaded from the vendor's file, not pinned by a digest
docker load -i birensupa-smartinfer-sglang-26.04.rc2-py310-pt2.9.0-br1xx.tar

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
  --env SUPA_VISIBLE_DEVICES=0,1 \
  birensupa-smartinfer-sglang:26.04.rc2-py310-pt2.9.0-br1xx \
  python3 -m sglang.launch_server \
  --model-path /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 30000 \
  --tp-size 2 \
  --dtype float16 \
  --context-length 4096 \
  --sampling-defaults openai \
  --disable-radix-cache
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):30000/health

# MFU: not measured: peak not declared for fp16: no nominal figure of the vendor's own was found
# Telemetry, every 1000 ms: brsmi gpu --query-gpu=index,memory.used,memory.free --format=csv
