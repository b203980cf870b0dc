# Vendor      Huawei; 2 x Ascend 910B3 (indices 0,1)
# Engine      MindIE Service (mindie), as container; mindie 2.3.0, cann 8.5, driver unknown
# Model       meta-llama/Llama-2-13b-chat-hf at aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; llama
# Precision   float16 requested, float16 executed
# Reuse       prefix caching off, speculative decoding off, quantisation none
# Workload    smoke, division closed, 256 tasks of mini-256

# Checks, before anything is pulled or started
npu-smi info | grep -qP '\b910B3\b' || echo 'missing: the Ascend driver with npu-smi: install the Ascend HDK driver and firmware (npu-smi lies in /usr/local/bin or /usr/local/sbin), or name the NPU that is there with --accelerator'
ls -d /dev/davinci0 >/dev/null || echo 'missing: the device node of each NPU (0): load the driver; the node'"'"'s number is the physical id, not the logical index'
ls -d /dev/davinci1 >/dev/null || echo 'missing: the device node of each NPU (1): load the driver; the node'"'"'s number is the physical id, not the logical index'
ls -d /dev/davinci_manager >/dev/null || echo 'missing: the nodes that every NPU needs: load the driver'

# Image: pulled; public, not pinned by a digest
docker pull docker.io/gpustack/runner:cann8.5-910b-mindie2.3.0

# Engine: ready when /v2/health/ready answers 200, within 1800 s
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
  --shm-size 32g \
  --device /dev/davinci0 \
  --device /dev/davinci1 \
  --device /dev/davinci_manager \
  --device /dev/devmm_svm \
  --device /dev/hisi_hdc \
  --mount type=bind,source=/data/models/Llama-2-13b-chat-hf,target=/model,readonly \
  --mount type=bind,source=/usr/local/dcmi,target=/usr/local/dcmi,readonly \
  --mount type=bind,source=/usr/local/bin/npu-smi,target=/usr/local/bin/npu-smi,readonly \
  --mount type=bind,source=/usr/local/Ascend/driver/lib64,target=/usr/local/Ascend/driver/lib64,readonly \
  --mount type=bind,source=/usr/local/Ascend/driver/version.info,target=/usr/local/Ascend/driver/version.info,readonly \
  --mount type=bind,source=/etc/ascend_install.info,target=/etc/ascend_install.info,readonly \
  --env HOME=/tmp \
  --env XDG_CACHE_HOME=/tmp/cache \
  --env USER=engine \
  --env LOGNAME=engine \
  --env PYTHONUNBUFFERED=1 \
  --env SERVED_MODEL_NAME=meta-llama/Llama-2-13b-chat-hf \
  --env MINDIE_LOG_TO_STDOUT=1 \
  --env MINDIE_LOG_TO_FILE=0 \
  --env MINDIE_CHECK_INPUTFILES_PERMISSION=0 \
  --env NPU_MEMORY_FRACTION=0.9 \
  --env RANKTABLEFILE \
  --env ASCEND_RT_VISIBLE_DEVICES \
  --entrypoint bash \
  docker.io/gpustack/runner:cann8.5-910b-mindie2.3.0 \
  -c 'source /usr/local/Ascend/ascend-toolkit/set_env.sh && source /usr/local/Ascend/nnal/atb/set_env.sh && source /usr/local/Ascend/atb-models/set_env.sh && source /usr/local/Ascend/mindie/set_env.sh && export MIES_INSTALL_PATH=/usr/local/Ascend/mindie/latest/mindie-service MIES_CONFIG_JSON_PATH=/tmp/config.json && python3 -c '"'"'import json,os; i=os.environ["MIES_INSTALL_PATH"]+"/conf/config.json"; o=os.environ["MIES_CONFIG_JSON_PATH"]; c=json.load(open(i)); s=c["ServerConfig"]; s.update(ipAddress="0.0.0.0",allowAllZeroIpListening=True,port=1025,managementPort=1025,metricsPort=1025,httpsEnabled=False,interCommTLSEnabled=False); b=c["BackendConfig"]; b.update(npuDeviceIds=[list(range(2))],multiNodesInferEnabled=False,interNodeTLSEnabled=False); m=b["ModelDeployConfig"]; m.update(maxSeqLen=4096,maxInputTokenLen=4096,truncation=False); m["ModelConfig"][0].update(modelName=os.environ["SERVED_MODEL_NAME"],modelWeightPath="/model",worldSize=2); b["ScheduleConfig"].update(maxIterTimes=4096,maxPrefillTokens=4096); f=os.open(o,os.O_WRONLY|os.O_CREAT|os.O_TRUNC,0o640); os.write(f,json.dumps(c,indent=1).encode())'"'"' && cd "$MIES_INSTALL_PATH" && exec ./bin/mindieservice_daemon'
# from another shell: curl http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' llm-conformance-engine):1025/v2/health/ready

# MFU divides by 313 TFLOP/s per device (fp16, dense): https://github.com/FlagOpen/FlagPerf/tree/1b5a030/training/ascend (flops_16bit 313e12 in the MFU configuration)
# Telemetry, every 1000 ms: npu-smi info
