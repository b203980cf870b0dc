# Vendor      CPU; 1 x Host CPU
# Engine      OpenVINO GenAI (openvino), as container; openvino-genai 2026.4.1.0, openvino 2026.4.1, optimum-intel 2.2.0, nncf 3.4.0, python 3.11
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float32 requested, float32 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Image: built here; without an image registry: images/base.sh, then --build-arg BASE_IMAGE=suite-base:bookworm
docker build -t llm-conformance/cpu-openvino images/cpu-openvino

# Conversion of the weights (convert): OpenVINO reads its own intermediate representation
# Fixed in the result: dtype float32
mkdir -p /data/models/Llama-2-13b-chat-hf-float32-openvino-da148ff74baa
docker network create --internal llm-conformance-convert
docker run \
  --rm \
  --name llm-conformance-convert \
  --network llm-conformance-convert \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --user "$(id -u):$(id -g)" \
  --read-only \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 81g \
  --memory-swap 81g \
  --pids-limit 4096 \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model-source,readonly \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-float32-openvino-da148ff74baa,target=/model-converted/Llama-2-13b-chat-hf-float32-openvino \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  --entrypoint python \
  llm-conformance/cpu-openvino \
  /opt/recipe/hf_to_ir.py \
  --model /model-source \
  --out /model-converted/Llama-2-13b-chat-hf-float32-openvino \
  --dtype float32

# Engine: ready when /health answers 200, within 600 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --user "$(id -u):$(id -g)" \
  --read-only \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 81g \
  --memory-swap 81g \
  --pids-limit 4096 \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf-float32-openvino-da148ff74baa,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env HF_HUB_OFFLINE=1 \
  llm-conformance/cpu-openvino \
  python /opt/recipe/serve.py \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000 \
  --max-model-len 4096
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp32: follows from cores, sustained clock and FMA units, of which the clock is not declared
# Telemetry, every 500 ms: procfs
