# Vendor      Google; 2 x TPU v6e (Trillium) (indices 0,1)
# Engine      vLLM with tpu-inference (vllm), as container; vllm unknown, tpu-inference unknown, libtpu unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   bfloat16 requested, bfloat16 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
tpu-info | grep -qP v6e || echo 'missing: tpu-info beside libtpu: pip install tpu-info on the TPU VM, or name the chip that is there with --accelerator'
ls -d '/dev/vfio/[0-9]*' >/dev/null || echo 'missing: the nodes of the chips: use a TPU VM; the chips appear under /dev/vfio'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/vllm/vllm-tpu:latest

# Engine: ready when /health answers 200, within 3600 s
# Privileged: the engine's documentation gives the container the chips so; libtpu maps them through VFIO
docker run \
  --rm \
  --name llm-conformance-engine \
  --network host \
  --privileged \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 150g \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env TPU_VISIBLE_CHIPS=0,1 \
  --entrypoint vllm \
  docker.io/vllm/vllm-tpu:latest \
  serve /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 127.0.0.1 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype bfloat16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --no-enable-prefix-caching
# from another shell: curl http://127.0.0.1:8000/health

# MFU divides by 918 TFLOP/s per device (bf16, dense): https://cloud.google.com/tpu/docs/v6e, with /v5e and /v5p
# Telemetry, every 1000 ms: tpu-info
