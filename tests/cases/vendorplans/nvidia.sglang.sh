# Vendor      NVIDIA; 2 x NVIDIA H100 80GB SXM (indices 0,1)
# Engine      SGLang (sglang), as container; sglang 0.5.15.post1, cuda 13.0, driver 580.65.06 or later
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
# a driver for CUDA 13 (0): at least 580.65.06
nvidia-smi --query-gpu=driver_version --format=csv,noheader --id=0 >/dev/null || echo 'missing: a driver for CUDA 13 (0): install a driver of the 580 branch or later, or name an image for CUDA 12 with --image'
# a driver for CUDA 13 (1): at least 580.65.06
nvidia-smi --query-gpu=driver_version --format=csv,noheader --id=1 >/dev/null || echo 'missing: a driver for CUDA 13 (1): install a driver of the 580 branch or later, or name an image for CUDA 12 with --image'
nvidia-smi --query-gpu=name --format=csv,noheader --id=0 | grep -qP 'H100 80GB HBM3' || echo 'missing: the NVIDIA driver with nvidia-smi (0): install the driver, or name the GPU that is there with --accelerator'
nvidia-smi --query-gpu=name --format=csv,noheader --id=1 | grep -qP 'H100 80GB HBM3' || echo 'missing: the NVIDIA driver with nvidia-smi (1): install the driver, or name the GPU that is there with --accelerator'
ls -d /dev/nvidia0 >/dev/null || echo 'missing: the device node of each GPU (0): load the driver'"'"'s kernel module; nvidia-smi does it when run as root'
ls -d /dev/nvidia1 >/dev/null || echo 'missing: the device node of each GPU (1): load the driver'"'"'s kernel module; nvidia-smi does it when run as root'
nvidia-ctk --version | grep -qP 'version [0-9]' || echo 'missing: the NVIDIA Container Toolkit: install nvidia-container-toolkit and run nvidia-ctk runtime configure'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/lmsysorg/sglang:v0.5.15.post1-cu130

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
  --gpus '"device=0,1"' \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  docker.io/lmsysorg/sglang:v0.5.15.post1-cu130 \
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

# MFU divides by 989 TFLOP/s per device (fp16, dense): https://github.com/stas00/ml-engineering/blob/744d01e/compute/accelerator/README.md
# Telemetry, every 1000 ms: nvidia-smi --query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm,clocks_event_reasons.active,enforced.power.limit,pcie.link.gen.current,pcie.link.width.current,ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total --format=csv --id=0,1
# Telemetry, every 1000 ms: nvidia-smi --query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm --format=csv --id=0,1
# Devices sign before and after: nvattest --format json collect-evidence --device gpu --nonce '{nonce}'
