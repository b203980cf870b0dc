# Vendor      Cambricon; 2 x Cambricon MLU590-M9 (indices 0,1)
# Engine      vLLM-MLU (vllm), as container; torch 2.7.1, torch_mlu 1.28.0, python 3.10, os Ubuntu 22.04, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device mlu --import torch_mlu --dtype float16

# Checks, before anything is pulled or started
cnmon | grep -qP MLU590 || echo 'missing: the MLU driver with cnmon: install the Cambricon driver, or name the card that is there with --accelerator'
ls -d /dev/cambricon_dev0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/cambricon_dev1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'
ls -d /dev/cambricon_ctl >/dev/null || echo 'missing: the driver'"'"'s control node: load the driver'"'"'s kernel module'

# Image: loaded from the vendor's file, not pinned by a digest
docker load -i cambricon_pytorch_container-torch2.7.1-torchmlu1.28.0-ubuntu22.04-py310.tar.gz

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
  --shm-size 64g \
  --ulimit memlock=-1 \
  --device /dev/cambricon_dev0 \
  --device /dev/cambricon_dev1 \
  --device /dev/cambricon_ctl \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/usr/bin/cnmon,target=/usr/bin/cnmon,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env MLU_VISIBLE_DEVICES=0,1 \
  cambricon_pytorch_container:torch2.7.1-torchmlu1.28.0-ubuntu22.04-py310 \
  /bin/sh -c '. /torch/venv3/pytorch_infer/bin/activate && exec vllm serve /model --served-model-name meta-llama/Llama-2-13b-chat-hf --host 0.0.0.0 --port 8000 --tensor-parallel-size 2 --dtype float16 --max-model-len 4096 --generation-config vllm --enable-prompt-tokens-details --distributed-executor-backend ray --enforce-eager --trust-remote-code --no-enable-prefix-caching'
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: the vendor publishes none; FlagPerf leaves it blank and reads it from a file that is not published
# Telemetry, every 1000 ms: cnmon
