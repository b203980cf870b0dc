# Vendor      AMD; 2 x AMD Instinct MI300X (indices 0,1)
# Engine      SGLang (sglang), as container; sglang 0.5.15.post1, rocm 7.2.0, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256
# Peak        measured before the start by python3 /suite/peak_probe.py --device cuda --dtype float16

# Checks, before anything is pulled or started
amd-smi static --asic --gpu 0 | grep -qP MI300X || echo 'missing: the amdgpu driver with amd-smi (0): install the amdgpu driver and ROCm'"'"'s amd-smi, or name the GPU that is there with --accelerator'
amd-smi static --asic --gpu 1 | grep -qP MI300X || echo 'missing: the amdgpu driver with amd-smi (1): install the amdgpu driver and ROCm'"'"'s amd-smi, or name the GPU that is there with --accelerator'
ls -d /dev/kfd >/dev/null || echo 'missing: the node of the compute driver: load the kernel module amdgpu'
ls -d '/dev/dri/renderD*' >/dev/null || echo 'missing: the render nodes of the GPUs: load the kernel module amdgpu'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/lmsysorg/sglang:v0.5.15.post1-rocm720-mi30x

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
  --group-add render \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 32g \
  --ulimit memlock=-1 \
  --ulimit stack=67108864 \
  --device /dev/kfd \
  --device /dev/dri \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env HIP_VISIBLE_DEVICES=0,1 \
  docker.io/lmsysorg/sglang:v0.5.15.post1-rocm720-mi30x \
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

# MFU divides by 1307 TFLOP/s per device (fp16, dense): https://github.com/SemiAnalysisAI/InferenceX-app/blob/77ca49a/packages/app/src/lib/gpu-specs.ts
# Telemetry, every 1000 ms: amd-smi metric -p -t -u -c -m -E --csv
# Telemetry, every 1000 ms: rocm-smi --showuse --showmeminfo vram --showtemp --showpower --json
