# Vendor      Moore Threads; 1 x MTT S4000 (indices 0)
# Engine      vLLM on MTTransformer (vllm_mtt), as container; driver KUAE 1.2, mt_bios QY2 v3.4.3, image v0.1.4, vllm unknown, mttransformer unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
mthreads-gmi -q | grep -qP 'MTT S4000' || echo 'missing: the MT GPU driver with mthreads-gmi: install the MT GPU driver, or name the card that is there with --accelerator'
ls -d /dev/mtgpu.0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
# MT-BIOS QY2: at least 3.4.3
mthreads-gmi -q >/dev/null || echo 'missing: MT-BIOS QY2: flash the MT-BIOS that the driver'"'"'s release asks for'

# Image: pulled; intranet, not pinned by a digest
docker pull sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4

# Conversion of the weights (convert): MTTransformer loads its own weight layout, made for one number of devices
# Fixed in the result: tensor_parallel 1, arch mp_22, dtype float16, model_type llama, tool sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4
mkdir -p /data/models/Llama-2-13b-chat-hf-fp16-tp1-convert-631b8fa1600d
docker run \
  --rm \
  --name llm-conformance-convert \
  --network host \
  --privileged \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 145g \
  --memory-swap 145g \
  --pids-limit 8192 \
  --shm-size 80g \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model-source,readonly \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-fp16-tp1-convert-631b8fa1600d,target=/model-converted/Llama-2-13b-chat-hf-fp16-tp1-convert \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env PYTHONPATH=/home/workspace/vllm_mtt \
  --env MTHREADS_VISIBLE_DEVICES=0 \
  --env MUSA_VISIBLE_DEVICES=0 \
  --entrypoint python \
  sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4 \
  -m mttransformer.convert_weight \
  --in_file /model-source \
  --saved_dir /model-converted/Llama-2-13b-chat-hf-fp16-tp1-convert \
  --weight_data_type fp16 \
  --model_type llama \
  --tensor-para-size 1 \
  --arch mp_22

# Engine: ready when /health answers 200, within 1800 s
# Privileged: both vendor manuals start their image so; use it only where the toolkit is missing
docker run \
  --rm \
  --name llm-conformance-engine \
  --network host \
  --privileged \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 145g \
  --memory-swap 145g \
  --pids-limit 8192 \
  --shm-size 80g \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-fp16-tp1-convert-631b8fa1600d,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env PYTHONPATH=/home/workspace/vllm_mtt \
  --env MTHREADS_VISIBLE_DEVICES=0 \
  --env MUSA_VISIBLE_DEVICES=0 \
  sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4 \
  python -m vllm.entrypoints.openai.api_server \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 127.0.0.1 \
  --port 8000 \
  --device musa \
  --tensor-parallel-size 1 \
  --pipeline-parallel-size 1 \
  --block-size 64 \
  --dtype float16 \
  --max-model-len 4096 \
  --max-num-seqs 128 \
  --gpu-memory-utilization 0.95 \
  --disable-log-stats \
  --disable-log-requests
# from another shell: curl http://127.0.0.1:8000/health

# Requests to /v1/chat/completions, model 'meta-llama/Llama-2-13b-chat-hf': at most 4032 tokens in, 64 out, temperature 0
# Chunks carry no token ids: tokens are counted from usage and text
#   single-stream-warmup #1: 2 requests, concurrency 1, warm-up, not counted
#   single-stream #1: 96 requests, 32 of them controls, concurrency 1, measured
#   offline-warmup #1: 16 requests, concurrency 16, warm-up, not counted
#   offline #1: 256 requests, all at once, measured
#   server-warmup #1: 4 requests, concurrency 1, warm-up, not counted
#   server #1: 64 requests, poisson arrivals, 10 per second (10.8 as drawn, goodput 11 at most), seed 1, measured

# MFU divides by 100 TFLOP/s per device (fp16, dense): https://www.io-tech.fi/uutinen/moore-threads-julkaisi-uuden-mtt-s4000-laskentakortin (launch figures: FP32 25, TF32 50, FP16 and BF16 100 TFLOPS, INT8 200 TOPS, 48 GB, 768 GB/s, MTLink 1.0 240 GB/s)
# Telemetry, every 1000 ms: mthreads-gmi --query --json
# Telemetry, every 1000 ms: mthreads-gmi -q
# Telemetry, every 1000 ms: mthreads-gmi
