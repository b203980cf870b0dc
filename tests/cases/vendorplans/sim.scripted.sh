# Vendor      Simulated vendor, emulated; 1 x No device
# Engine      scripted server (scripted), as container; server sim-1, msgspec 0.22.0, tokenizers 0.23.3, python 3.11
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float32 requested, float32 executed: the model's weights are stored in float16
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Image: built here; without an image registry: images/base.sh, then --build-arg BASE_IMAGE=suite-base:bookworm
tar -cC images/sim . -C "$PWD" suite | docker build -t llm-conformance/sim -

# Engine: ready when /health answers 200, within 60 s
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
  --memory 1g \
  --memory-swap 1g \
  --pids-limit 256 \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  llm-conformance/sim \
  python /opt/recipe/serve.py \
  --model /model \
  --served-model-name meta-llama/Llama-2-13b-chat-hf \
  --host 0.0.0.0 \
  --port 8000
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/health

# MFU: not measured: peak not declared for fp32: no device computes: answers are recorded
# Telemetry, every 500 ms: procfs
