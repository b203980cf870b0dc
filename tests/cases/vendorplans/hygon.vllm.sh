# Vendor      Hygon; 2 x Hygon K100_AI (indices 0,1)
# Engine      vLLM for DCU (vllm), as container; vllm 0.9.2, dtk 25.04.2, python 3.10, os Ubuntu 22.04, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
/opt/hyhal/bin/hy-smi --showproductname | grep -qP 'K100[_ ]AI' || echo 'missing: the DCU driver with hy-smi: install the DCU driver and hyhal, or name the card that is there with --accelerator'
ls -d /dev/kfd >/dev/null || echo 'missing: the node of the compute driver: load the driver'"'"'s kernel module'
ls -d /dev/mkfd >/dev/null || echo 'missing: the management node: load the driver'"'"'s kernel module; without this node the power is N/A'
ls -d /opt/hyhal >/dev/null || echo 'missing: the driver'"'"'s libraries: install the DCU driver with hyhal'

# Image: pulled; public, not pinned by a digest
docker pull image.sourcefind.cn:5000/dcu/admin/base/vllm:0.9.2-ubuntu22.04-dtk25.04.2-py3.10

# Engine: ready when /health answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --cap-add SYS_PTRACE \
  --security-opt no-new-privileges:true \
  --security-opt seccomp=unconfined \
  --group-add video \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 64g \
  --device /dev/kfd \
  --device /dev/mkfd \
  --device /dev/dri \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/opt/hyhal,target=/opt/hyhal,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env HIP_VISIBLE_DEVICES=0,1 \
  image.sourcefind.cn:5000/dcu/admin/base/vllm:0.9.2-ubuntu22.04-dtk25.04.2-py3.10 \
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

# MFU: not measured: peak not declared for fp16: one community page alone gives a figure
# Telemetry, every 1000 ms: /opt/hyhal/bin/hy-smi
