# Vendor      Sophgo; 1 x Sophgo BM1684X
# Engine      a server with the OpenAI API in an image that the submitter names (named-by-the-submitter), as container; 
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching on, speculative decoding on, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
ls -d /dev/bm-sophon0 >/dev/null || echo 'missing: the device node of each chip (0): install libsophon and load its kernel module'
ls -d /dev/bmdev-ctl >/dev/null || echo 'missing: the driver'"'"'s control node: install libsophon and load its kernel module'

# Image: pulled; public
docker pull registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc

# Engine: ready when /v1/models answers 200, within 1800 s
docker network create --internal llm-conformance-engine
docker run \
  --rm \
  --name llm-conformance-engine \
  --network llm-conformance-engine \
  --cap-drop ALL \
  --security-opt no-new-privileges:true \
  --tmpfs /tmp:rw,exec,nosuid,nodev,mode=1777 \
  --memory 65g \
  --memory-swap 65g \
  --pids-limit 4096 \
  --device /dev/bm-sophon0 \
  --device /dev/bmdev-ctl \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/opt/sophon,target=/opt/sophon,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  registry.example/submitter/engine:1@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):8000/v1/models

# MFU: not measured: peak not declared for fp16: no source was found
