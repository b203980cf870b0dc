# Vendor      Intel (Habana Labs); 2 x Intel Gaudi 3 (HL-325L) (indices 0,1)
# Engine      vLLM with the Gaudi plug-in (vllm), as container; synapseai 1.24.1, vllm 0.26.0, torch 2.11.0, os Ubuntu 24.04, driver 1.24.1
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   bfloat16 requested, bfloat16 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
hl-smi -Q name -f csv,noheader -i 0 | grep -qP 'HL-325L?' || echo 'missing: the Gaudi driver with hl-smi (0): install the Intel Gaudi driver of the image'"'"'s release, or name the accelerator that is there with --accelerator'
hl-smi -Q name -f csv,noheader -i 1 | grep -qP 'HL-325L?' || echo 'missing: the Gaudi driver with hl-smi (1): install the Intel Gaudi driver of the image'"'"'s release, or name the accelerator that is there with --accelerator'
# the Gaudi driver of the image's release: at least 1.24.0
hl-smi >/dev/null || echo 'missing: the Gaudi driver of the image'"'"'s release: install the driver of release 1.24, which the image is built for'
docker info --format '{{json .Runtimes}}' | grep -qP habana || echo 'missing: the Habana container runtime: install habanalabs-container-runtime and register the runtime habana with Docker'

# Image: pulled; public, not pinned by a digest
docker pull vault.habana.ai/gaudi-docker/1.24.1/ubuntu24.04/habanalabs/vllm-0.26.0-ptupstream-2.11.0:latest

# Engine: ready when /health answers 200, within 5400 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --cap-add SYS_NICE \
  --security-opt no-new-privileges:true \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --ipc host \
  --runtime habana \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env VLLM_WORKER_MULTIPROC_METHOD=spawn \
  --env VLLM_BUCKETING_STRATEGY=exp \
  --env HABANA_VISIBLE_DEVICES=0,1 \
  --env VLLM_SKIP_WARMUP \
  --entrypoint vllm \
  vault.habana.ai/gaudi-docker/1.24.1/ubuntu24.04/habanalabs/vllm-0.26.0-ptupstream-2.11.0:latest \
  serve /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype bfloat16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU divides by 1677 TFLOP/s per device (bf16, dense): https://github.com/stas00/ml-engineering/blob/744d01e/compute/accelerator/README.md, note 19
# Telemetry, every 1000 ms: hl-smi -Q index,power.draw,temperature.aip,utilization.aip,memory.used,memory.total -f csv
