# Vendor      Amazon (Annapurna Labs); 2 x AWS Trainium2 (indices 0,1)
# Engine      vLLM with the Neuron plug-in (vllm), as container; neuron_sdk 2.32.0, vllm 0.24.0, vllm-neuron 1.1.0, python 3.13, os Ubuntu 24.04
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   bfloat16 requested, bfloat16 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
neuron-ls | grep -qP trn2 || echo 'missing: the Neuron driver with neuron-ls: install aws-neuronx-dkms and aws-neuronx-tools, or name the chip that is there with --accelerator'
ls -d /dev/neuron0 >/dev/null || echo 'missing: the device node of each chip (0): load the kernel module neuron'
ls -d /dev/neuron1 >/dev/null || echo 'missing: the device node of each chip (1): load the kernel module neuron'

# Image: pulled; public, not pinned by a digest
docker pull public.ecr.aws/neuron/pytorch-inference-vllm-neuronx:0.24.0.1.1.0-neuronx-py313-sdk2.32.0-ubuntu24.04

# Engine: ready when /health answers 200, within 7200 s
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
  --shm-size 16g \
  --device /dev/neuron0 \
  --device /dev/neuron1 \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --entrypoint vllm \
  public.ecr.aws/neuron/pytorch-inference-vllm-neuronx:0.24.0.1.1.0-neuronx-py313-sdk2.32.0-ubuntu24.04 \
  serve /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 8 \
  --dtype bfloat16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --max-num-batched-tokens 4096 \
  --max-num-seqs 64 \
  --additional-config '{"neuron_config":{"num_batched_tokens_buckets":[4096],"num_seqs_buckets":[1,4,16,64]}}' \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU divides by 667 TFLOP/s per device (bf16, dense): https://github.com/aws-neuron/aws-neuron-sdk/tree/81ce03a/about-neuron/arch/neuron-hardware
# Telemetry, every 5000 ms: sh -c 'neuron-monitor | head -n 1'
