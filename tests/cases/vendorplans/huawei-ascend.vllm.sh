# Vendor      Huawei; 2 x Ascend 910B3 (indices 0,1)
# Engine      vLLM with the Ascend plug-in (vllm), as container; vllm 0.23.0, vllm-ascend 0.23.0, cann unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device npu --import torch_npu --dtype float16

# Checks, before anything is pulled or started
npu-smi info | grep -qP '\b910B3\b' || echo 'missing: the Ascend driver with npu-smi: install the Ascend HDK driver and firmware (npu-smi lies in /usr/local/bin or /usr/local/sbin), or name the NPU that is there with --accelerator'
ls -d /dev/davinci0 >/dev/null || echo 'missing: the device node of each NPU (0): load the driver; the node'"'"'s number is the physical id, not the logical index'
ls -d /dev/davinci1 >/dev/null || echo 'missing: the device node of each NPU (1): load the driver; the node'"'"'s number is the physical id, not the logical index'
ls -d /dev/davinci_manager >/dev/null || echo 'missing: the nodes that every NPU needs: load the driver'

# Image: pulled; public, not pinned by a digest
docker pull quay.io/ascend/vllm-ascend:v0.23.0

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
  --shm-size 1g \
  --device /dev/davinci0 \
  --device /dev/davinci1 \
  --device /dev/davinci_manager \
  --device /dev/devmm_svm \
  --device /dev/hisi_hdc \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/usr/local/dcmi,target=/usr/local/dcmi,readonly \
  --mount type=bind,source=/usr/local/bin/npu-smi,target=/usr/local/bin/npu-smi,readonly \
  --mount type=bind,source=/usr/local/Ascend/driver/lib64,target=/usr/local/Ascend/driver/lib64,readonly \
  --mount type=bind,source=/usr/local/Ascend/driver/version.info,target=/usr/local/Ascend/driver/version.info,readonly \
  --mount type=bind,source=/etc/ascend_install.info,target=/etc/ascend_install.info,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env ASCEND_RT_VISIBLE_DEVICES=0,1 \
  --entrypoint vllm \
  quay.io/ascend/vllm-ascend:v0.23.0 \
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

# MFU divides by 313 TFLOP/s per device (fp16, dense): https://github.com/FlagOpen/FlagPerf/tree/1b5a030/training/ascend (flops_16bit 313e12 in the MFU configuration)
# Telemetry, every 1000 ms: npu-smi info
