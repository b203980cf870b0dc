# Vendor      Moore Threads; 2 x MTT S4000 (indices 0,1)
# Engine      vLLM on MTTransformer (vllm_mtt), as container; driver KUAE 1.2, mt_bios QY2 v3.4.3, image v0.1.4, vllm unknown, mttransformer unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
mthreads-gmi -q | grep -qP 'MTT S4000' || echo 'missing: the MT GPU driver with mthreads-gmi: install the MT GPU driver, or name the card that is there with --accelerator'
ls -d /dev/mtgpu.0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/mtgpu.1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'
docker info --format '{{json .Runtimes}}' | grep -qP mthreads || echo 'missing: the MT Container Toolkit (KUAE Cloud Native Toolkits): install the MT Container Toolkit, which registers the runtime mthreads with Docker'
# MT-BIOS QY2: at least 3.4.3
mthreads-gmi -q >/dev/null || echo 'missing: MT-BIOS QY2: flash the MT-BIOS that the driver'"'"'s release asks for'

# Image: pulled; intranet, not pinned by a digest
docker pull sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4

# Conversion of the weights (convert): MTTransformer loads its own weight layout, made for one number of devices
# Fixed in the result: tensor_parallel 2, arch mp_22, dtype float16, model_type llama, tool sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4
mkdir -p /data/models/Llama-2-13b-chat-hf-fp16-tp2-convert-cd681224c285
docker network create --internal llm-conformance-convert
docker run \
  --rm \
  --name llm-conformance-convert \
  --network llm-conformance-convert \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 145g \
  --memory-swap 145g \
  --pids-limit 8192 \
  --shm-size 80g \
  --runtime mthreads \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model-source,readonly \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-fp16-tp2-convert-cd681224c285,target=/model-converted/Llama-2-13b-chat-hf-fp16-tp2-convert \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env PYTHONPATH=/home/workspace/vllm_mtt \
  --env MTHREADS_VISIBLE_DEVICES=0,1 \
  --env MUSA_VISIBLE_DEVICES=0,1 \
  --entrypoint python \
  sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4 \
  -m mttransformer.convert_weight \
  --in_file /model-source \
  --saved_dir /model-converted/Llama-2-13b-chat-hf-fp16-tp2-convert \
  --weight_data_type fp16 \
  --model_type llama \
  --tensor-para-size 2 \
  --arch mp_22

# Engine: ready when /health answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 145g \
  --memory-swap 145g \
  --pids-limit 8192 \
  --shm-size 80g \
  --runtime mthreads \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-fp16-tp2-convert-cd681224c285,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env PYTHONPATH=/home/workspace/vllm_mtt \
  --env MTHREADS_VISIBLE_DEVICES=0,1 \
  --env MUSA_VISIBLE_DEVICES=0,1 \
  sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4 \
  python -m vllm.entrypoints.openai.api_server \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --device musa \
  --tensor-parallel-size 2 \
  --pipeline-parallel-size 1 \
  --block-size 64 \
  --dtype float16 \
  --max-model-len 4096 \
  --max-num-seqs 128 \
  --gpu-memory-utilization 0.95 \
  --disable-log-stats \
  --disable-log-requests
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU divides by 100 TFLOP/s per device (fp16, dense): https://www.io-tech.fi/uutinen/moore-threads-julkaisi-uuden-mtt-s4000-laskentakortin (launch figures: FP32 25, TF32 50, FP16 and BF16 100 TFLOPS, INT8 200 TOPS, 48 GB, 768 GB/s, MTLink 1.0 240 GB/s)
# Telemetry, every 1000 ms: mthreads-gmi --query --json
# Telemetry, every 1000 ms: mthreads-gmi -q
# Telemetry, every 1000 ms: mthreads-gmi
