# Vendor      Kunlunxin; 2 x Kunlunxin P800 OAM (indices 0,1)
# Engine      vLLM with the Kunlun plug-in (vllm), as container; vllm unknown, xre unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
xpu-smi | grep -qP P800 || echo 'missing: the XRE driver with Kunlunxin'"'"'s xpu-smi: install Kunlunxin'"'"'s XRE (Intel'"'"'s tool of the same name answers differently), or name the card that is there with --accelerator'
ls -d /dev/xpu0 >/dev/null || echo 'missing: the device node of each card (0): load the driver'"'"'s kernel module'
ls -d /dev/xpu1 >/dev/null || echo 'missing: the device node of each card (1): load the driver'"'"'s kernel module'
ls -d /dev/xpuctrl >/dev/null || echo 'missing: the driver'"'"'s control node: load the driver'"'"'s kernel module'

# Image: pulled; public
docker pull registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc

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
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --tmpfs /dev/shm:rw,nosuid,nodev,exec,size=32g \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --device /dev/xpu0 \
  --device /dev/xpu1 \
  --device /dev/xpuctrl \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env XPU_USE_MOE_SORTED_THRES=1 \
  --env XFT_USE_FAST_SWIGLU=1 \
  --env XPU_USE_FAST_SWIGLU=1 \
  --env XMLIR_CUDNN_ENABLED=1 \
  --env XPU_USE_DEFAULT_CTX=1 \
  --env XMLIR_FORCE_USE_XPU_GRAPH=1 \
  --env XMLIR_ENABLE_MOCK_TORCH_COMPILE=false \
  --env XPU_VISIBLE_DEVICES=0,1 \
  --env XPU_DUMMY_EVENT \
  registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc \
  python -m vllm.entrypoints.openai.api_server \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --block-size 128 \
  --max-num-seqs 128 \
  --gpu-memory-utilization 0.9 \
  --no-enable-chunked-prefill \
  --distributed-executor-backend mp \
  --trust-remote-code \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp16: no claim is used
# Telemetry, every 1000 ms: xpu-smi
