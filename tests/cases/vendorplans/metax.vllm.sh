# Vendor      MetaX; 2 x MetaX C550 (indices 0,1)
# Engine      vLLM with the MetaX plug-in (vllm), as container; vllm 0.24.0, maca 3.8.2.5, torch 2.10, python 3.10, os Ubuntu 22.04, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
mx-smi | grep -qP C550 || echo 'missing: the MetaX driver with mx-smi: install the MXMACA driver of the image'"'"'s release, or name the card that is there with --accelerator'
ls -d /dev/mxcd >/dev/null || echo 'missing: the driver'"'"'s nodes: load the driver'"'"'s kernel module'
ls -d '/dev/dri/renderD*' >/dev/null || echo 'missing: the render nodes of the cards: load the driver'"'"'s kernel module'

# Image: pulled; public, not pinned by a digest
docker pull cr.metax-tech.com/public-ai-release/maca/vllm-metax:0.24.0-maca.ai3.8.2.5-torch2.10-py310-ubuntu22.04-amd64

# Engine: ready when /health answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --security-opt seccomp=unconfined \
  --security-opt apparmor=unconfined \
  --group-add video \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 100g \
  --ulimit memlock=-1 \
  --device /dev/dri \
  --device /dev/mxcd \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env CUDA_VISIBLE_DEVICES=0,1 \
  --entrypoint vllm \
  cr.metax-tech.com/public-ai-release/maca/vllm-metax:0.24.0-maca.ai3.8.2.5-torch2.10-py310-ubuntu22.04-amd64 \
  serve /model \
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

# MFU: not measured: peak not declared for fp16: FlagPerf prints measured shares of a peak that it leaves blank; no peak can be derived from them
# Telemetry, every 1000 ms: mx-smi
