# Vendor      Enflame; 2 x Enflame S60 (indices 0,1)
# Engine      vLLM-GCU (vllm), as container; vllm 0.9.2, vllm-gcu 0.9.2, topsrider 3.4.203, os Ubuntu 22.04, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
efsmi | grep -qP 'S60\b' || echo 'missing: the Enflame driver with efsmi: install the driver, which lies in the image: docker cp of /enflame/driver; or name the card that is there with --accelerator'
docker info --format '{{json .DefaultRuntime}}' | grep -qP '^"(?:[^r]|r[^u]|ru[^n]|run[^c]|runc[^"])' || echo 'missing: the container toolkit that reads ENFLAME_VISIBLE_DEVICES: install tencent-container-toolkit 2.0.52 or later, which makes itself Docker'"'"'s default runtime, or take --access documented'

# Image: pulled; public, not pinned by a digest
docker pull artifact.enflame.cn/enflame_docker_release/amd64_ubuntu2204_llm:3.4.203

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
  --ipc host \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env TENCENT_VISIBLE_DEVICES=0,1 \
  --env ENFLAME_VISIBLE_DEVICES=0,1 \
  --env TOPS_VISIBLE_DEVICES=0,1 \
  artifact.enflame.cn/enflame_docker_release/amd64_ubuntu2204_llm:3.4.203 \
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
  --device gcu \
  --block-size 64 \
  --disable-log-requests \
  --trust-remote-code \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: no nominal figure of the vendor's own was found
# Telemetry, every 1000 ms: efsmi
