# Vendor      Qualcomm; 2 x Qualcomm Cloud AI 100 Ultra (indices 0,1)
# Engine      vLLM for Cloud AI 100, compiled ahead (vllm), as container; cloud_ai_sdk 1.21.2.0, vllm unknown, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
/opt/qti-aic/tools/qaic-util -q -d 0 | grep -qP 'Status\s*:?\s*Ready|Ready' || echo 'missing: the Cloud AI platform SDK with qaic-util (0): install the Cloud AI platform SDK; the user must be in the group qaic'
/opt/qti-aic/tools/qaic-util -q -d 1 | grep -qP 'Status\s*:?\s*Ready|Ready' || echo 'missing: the Cloud AI platform SDK with qaic-util (1): install the Cloud AI platform SDK; the user must be in the group qaic'
ls -d '/dev/accel/accel*' >/dev/null || echo 'missing: the device nodes: load the kernel module qaic'

# Image: pulled; public, not pinned by a digest
docker pull ghcr.io/quic/cloud_ai_inference_vllm:1.21.2.0

# Engine: ready when /health answers 200, within 3600 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --group-add qaic \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 101g \
  --memory-swap 101g \
  --pids-limit 8192 \
  --shm-size 4g \
  --device /dev/accel \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --env VLLM_NO_USAGE_STATS=1 \
  --env QEFF_HOME=/tmp/qeff \
  --env QAIC_VISIBLE_DEVICES=0,1 \
  --entrypoint vllm \
  ghcr.io/quic/cloud_ai_inference_vllm:1.21.2.0 \
  serve /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --tensor-parallel-size 2 \
  --dtype float16 \
  --max-model-len 4096 \
  --generation-config vllm \
  --enable-prompt-tokens-details \
  --max-num-seqs 4 \
  --long-prefill-token-threshold 128 \
  --additional-config '{"override_qaic_config":{"device_group":[0,1],"num_cores":16}}' \
  --no-enable-prefix-caching
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU divides by 72.5 TFLOP/s per device (fp16, dense): Qualcomm Cloud AI 100 product brief of 2024 and specification page, as quoted publicly: FP16 110, 125 and 290 TFLOPS, INT8 325, 375 and 870 TOPS, 75, 75 and 150 W (Standard, Pro, Ultra); Ultra 128 GB at 548 GB/s
# Telemetry, every 1000 ms: /opt/qti-aic/tools/qaic-util -q
