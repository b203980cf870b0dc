"""What the page says, in English and Chinese. Field terms (TTFT, MFU, ROUGE …) are the same in both."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from suite.declare.scenarios import SCENARIOS
from suite.judge.report.scenariowords import SCENARIO_WORDS
from suite.judge.report.trustwords import TRUST_WORDS

if TYPE_CHECKING:
    from suite.base.language import Language

WORDS: Final[MappingProxyType[str, tuple[str, str]]] = MappingProxyType(
    {
        **SCENARIO_WORDS,
        **TRUST_WORDS,
        **{f"scenario-{name}": (kind.title.en, kind.title.zh) for name, kind in SCENARIOS.items()},
        # the frame
        "product": ("LLM inference conformance scorecard", "大模型推理合规性评分卡"),
        "run": ("Run", "运行"),
        "colon": (": ", "："),
        "comma": (", ", "，"),
        "stop": (". ", "。"),
        "contents": ("Contents", "目录"),
        "skip": ("Skip to the results", "跳到结果"),
        "language": ("Language", "语言"),
        "nav-quality": ("Quality", "质量"),
        "nav-time": ("Time", "时间"),
        "nav-verify": ("Verify", "核验"),
        "conformant": ("Conformant", "合规"),
        "not-conformant": ("Not conformant", "不合规"),
        "division": ("Division", "赛道"),
        "requested": ("requested", "申请"),
        "granted": ("granted", "授予"),
        "closed": ("closed", "封闭"),
        "optimised": ("optimised", "优化"),
        "open": ("open", "开放"),
        "formula": ("formula", "公式"),
        "not-measured": ("not measured", "未测量"),
        "na": ("n/a", "无"),
        "range": ("Plausible range", "可信范围"),
        "unknown": ("unknown", "未知"),
        "none": ("none", "无"),
        "yes": ("yes", "是"),
        "no": ("no", "否"),
        "metric": ("Metric", "指标"),
        "value": ("Value", "数值"),
        "unit": ("Unit", "单位"),
        "interval": ("Interval", "区间"),
        "kind": ("Kind of interval", "区间类型"),
        "lower": ("lower", "越低越好"),
        "higher": ("higher", "越高越好"),
        "semicolon": ("; ", "；"),
        "tokens": ("tokens", "token"),
        "at-least": ("at least", "至少"),
        # labels that must not be missed
        "flag-emulated": ("Emulated", "模拟设备"),
        "flag-emulated-text": (
            "The vendor's devices and commands were emulated. These numbers say nothing about real hardware.",
            "厂商的设备与命令均为模拟，这些数字不代表真实硬件的性能。",
        ),
        "flag-process": ("Runtime: process", "运行方式：进程"),
        "flag-process-text": (
            "The engine ran as a local process, not in a container: this run cannot be closed.",
            "推理引擎以本地进程运行，而非容器：本次运行不能评为封闭赛道。",
        ),
        "flag-endpoint": ("Runtime: endpoint", "运行方式：外部端点"),
        "flag-endpoint-text": (
            (
                "The suite measured a server that it did not start: what ran there is the operator's word, "
                "and this run cannot be closed."
            ),
            "被测服务并非由本套件启动：其内部运行的内容仅凭运营方声明，本次运行不能评为封闭赛道。",
        ),
        "flag-sim": ("Runtime: simulator", "运行方式：模拟器"),
        "flag-sim-text": (
            "No model ran: a scripted server answered. This card tests the suite, not an engine.",
            "没有模型运行：由脚本服务器应答。此评分卡检验的是套件本身，而非推理引擎。",
        ),
        "flag-floor": ("Below the plausibility floor", "低于可信下限"),
        "flag-floor-text": (
            (
                "Not a summary: the answers share no more with the references than text that summarises nothing. "
                "The speed numbers are those of a system that does not do the task."
            ),
            "这不是摘要：回答与参考摘要的重合度不高于未做摘要的文本。速度数字来自一个没有完成任务的系统。",
        ),
        "flag-ceiling": ("Above the plausibility ceiling", "高于可信上限"),
        "flag-ceiling-text": (
            "Not credible: the answers are closer to the references than any known system's.",
            "不可信：回答与参考摘要的接近程度超过任何已知系统。",
        ),
        "flag-custom": ("Task set: custom", "任务集：自定义"),
        "flag-custom-text": (
            "The tasks are not the locked ones: the numbers compare only with cards of the very same tasks.",
            "任务不是锁定的任务集：这些数字只能与任务完全相同的评分卡比较。",
        ),
        "flag-ended": ("Incomplete", "未完成"),
        "flag-ended-text": (
            "The run did not reach its planned end; the numbers cover what was measured before.",
            "运行没有按计划结束；数字仅覆盖此前测得的部分。",
        ),
        # the subject
        "devices": ("Devices", "设备"),
        "engine": ("Engine", "推理引擎"),
        "model": ("Model", "模型"),
        "workload": ("Workload", "负载"),
        "precision": ("Precision", "精度"),
        "started": ("Started", "开始时间"),
        "runtime": ("Runtime", "运行方式"),
        "container": ("container", "容器"),
        "process": ("process", "进程"),
        "endpoint": ("endpoint", "外部端点"),
        "sim": ("simulator", "模拟器"),
        "parameters": ("parameters", "参数"),
        # sections
        "headline": ("Headline numbers", "核心数字"),
        "why-division": ("Verdict and division", "结论与赛道"),
        "phases": ("Measurements", "测量结果"),
        "quality": ("Quality of the answers", "回答质量"),
        "time": ("Start-up and where the time went", "启动与时间分布"),
        "checks": ("Rules", "规则"),
        "ran": ("What was run", "运行内容"),
        "environment": ("Environment", "环境"),
        "peaks": ("Declared peaks", "声明峰值"),
        "verify": ("Check this page yourself", "自行核验本页"),
        "definitions": ("Definitions", "定义"),
        "notes": ("Notes", "备注"),
        "why-not": ("Why no stricter division was granted", "未授予更严格赛道的原因"),
        "granted-as-asked": ("The division asked for was granted.", "已授予所申请的赛道。"),
        # load clients
        "clients": ("Load clients", "负载客户端"),
        "clients-text": (
            "Each sent its own part of one schedule. Its latencies are of its own clock; how far that clock may lie from the run's, over all measured loads, is a hard bound.",
            "每个客户端发送同一调度中属于自己的部分。时延均以其自身时钟计；该时钟相对运行时钟的偏移（涵盖全部测量负载）为严格界限。",
        ),
        "client-number": ("Client", "客户端"),
        "client-requests": ("Measured requests", "测量请求"),
        "client-clock": ("Clock less the run's, µs", "与运行时钟之差，微秒"),
        "client-late": ("Late / planned", "迟发 / 有计划时刻"),
        "client-ceiling": ("Ceiling, tokens/s", "上限，token/秒"),
        "client-connections": ("Connections, ms", "连接，毫秒"),
        "client-machine": ("Machine", "机器"),
        "client-lost": ("Lost", "丢失"),
        # phases
        "repeats": ("repeats", "重复次数"),
        "per-repeat": ("requests per repeat", "每次重复的请求数"),
        "token-source": ("tokens counted by", "token 计数来源"),
        "tokens-token ids": ("the engine's token ids", "引擎返回的 token 编号"),
        "tokens-engine usage": ("the engine's usage", "引擎的用量统计"),
        "tokens-own tokenizer": ("the suite's own tokenizer", "套件自带的分词器"),
        "tokens-none": ("nobody", "无"),
        "arrival-source": ("their arrival by", "到达时刻依据"),
        "tokens-engine, by chunk": ("the engine, for each chunk", "引擎按数据块给出"),
        "tokens-one token a chunk": ("one token a chunk", "每个数据块一个 token"),
        "latency": ("Latency", "延迟"),
        "other-metrics": ("Throughput, length and utilisation", "吞吐、长度与利用率"),
        "mean": ("mean", "均值"),
        "missing": ("Not measured in this phase, and why", "本阶段未测量的指标及原因"),
        "plot-note": (
            "Curves: share of requests at or below a latency, over all repeats; dots mark p50 and p90.",
            "曲线：延迟不高于横轴值的请求占比（合并所有重复）；圆点标出 p50、p90。",
        ),
        "throughput-time": ("Output throughput over time", "输出吞吐随时间变化"),
        "first-repeat": (" (first repeat)", "（第一次重复）"),
        "objective": ("objective", "目标"),
        # quality
        "reference": ("Reference", "参考值"),
        "bound": ("Gate", "门槛"),
        "share": ("Of reference", "占参考"),
        "lead": ("LEAD-1", "LEAD-1"),
        "on-a-line": ("On a line from zero", "从零起的数轴"),
        "lead-note": (
            "LEAD-1 is the first sentence of each document taken as its summary: a baseline that needs no model.",
            "LEAD-1 指把每篇文档的首句当作摘要：一个不需要模型的基线。",
        ),
        "plausible": ("plausible", "可信"),
        "below-floor": ("below the floor: not a summary", "低于下限：不是摘要"),
        "above-ceiling": ("above the ceiling: not credible", "高于上限：不可信"),
        "not-judged": ("not judged", "未评判"),
        "plausibility": ("Plausibility", "可信度"),
        "no-reference": (
            "There is no reference run for this model on this task set: the gates do not apply.",
            "该模型在此任务集上没有参考运行：门槛不适用。",
        ),
        "scored-on": (
            "Scored on the very requests that were timed, phase",
            "评分对象即被计时的请求，阶段",
        ),
        "this-run": ("this run", "本次运行"),
        # time
        "time-suite": ("the suite itself", "套件自身"),
        "time-preparation": ("image or environment", "镜像或环境准备"),
        "time-conversion": ("weight conversion", "权重转换"),
        "time-engine-start": ("engine start", "引擎启动"),
        "time-engine-stop": ("engine stop", "引擎停止"),
        "warm-up": ("warm-up", "预热"),
        "measured": ("measured", "测量"),
        "time-total": ("Total wall time of the run", "运行总时长"),
        "stretch": ("Stretch", "时段"),
        "share-of-time": ("Share", "占比"),
        # checks
        "rule": ("Rule", "规则"),
        "outcome": ("Outcome", "结果"),
        "why": ("Why", "依据"),
        "pass": ("pass", "通过"),
        "warn": ("warning", "警告"),
        "fail": ("fail", "未通过"),
        "error": ("error", "错误"),
        "skipped": ("skipped", "跳过"),
        "not-applicable": ("n/a", "不适用"),
        # what ran
        "image": ("Image", "镜像"),
        "served-as": ("Answers came from", "应答的模型"),
        "served-requests": ("requests", "个请求"),
        "digest": ("Digest", "摘要"),
        "pinned": ("pinned by the declaration", "由声明固定"),
        "not-pinned": ("not pinned by the declaration", "声明未固定"),
        "arguments": ("Command line", "命令行"),
        "engine-env": ("Engine environment variables", "引擎环境变量"),
        "tensor-parallel": ("Tensor parallel", "张量并行"),
        "max-length": ("Longest sequence", "最大序列长度"),
        "unseen": ("unknown: a server that ran already", "未知：服务器先已运行"),
        "prefix-caching": ("Prefix caching", "前缀缓存"),
        "quantisation": ("Quantisation", "量化"),
        "speculative": ("Speculative decoding", "推测解码"),
        "executed": ("executed", "实际执行"),
        "revision": ("revision", "版本"),
        "architecture": ("Architecture", "结构"),
        "weights": ("Weights", "权重"),
        "active": ("active per token", "每 token 激活"),
        "files-digest": ("Digest over the files", "文件摘要"),
        "tokenizer": ("Tokenizer", "分词器"),
        "chat-template": ("Chat template", "对话模板"),
        "taskset": ("Task set", "任务集"),
        "tasks": ("tasks", "任务"),
        "unknown-devices": ("unknown devices", "设备未知"),
        "claimed": ("claimed, not observed", "仅为声称，未经观测"),
        "locked": ("locked", "已锁定"),
        "pinned-texts": ("Texts known by digest", "按摘要核对的文本"),
        "references": ("references", "篇参考摘要"),
        "first-sentences": ("first sentences", "个首句"),
        "whole-documents": ("whole documents", "篇完整文档"),
        "ids-digest": ("Digest of the ids", "编号摘要"),
        "records-digest": ("Digest of the records", "记录摘要"),
        "defects": ("Defects found in the task file", "任务文件中的缺陷"),
        "defect-empty-document": ("empty-document", "空文档"),
        "defect-boilerplate-only": ("boilerplate-only", "仅含页面提示语"),
        "defect-short-document": ("short-document", "文档短于摘要"),
        "defect-mojibake": ("mojibake", "乱码"),
        "defect-byte-order-mark": ("byte-order-mark", "字节序标记"),
        "defect-carriage-return": ("carriage-return", "回车符"),
        "defect-replacement-char": ("replacement-char", "替换字符"),
        "defect-duplicate-summary": ("duplicate-summary", "摘要重复"),
        "defect-duplicate-document": ("duplicate-document", "文档重复"),
        "prompt": ("Prompt", "提示词"),
        "decoding": ("Decoding", "解码"),
        "greedy": ("greedy", "贪心"),
        "temperature": ("temperature", "温度"),
        "max-new-tokens": ("Longest answer, tokens", "最多新 token 数"),
        "ignore-eos": ("end token ignored", "忽略结束符"),
        "profile": ("Profile", "配置"),
        "objectives": ("Service-level objectives", "服务水平目标"),
        "seed": ("Seed", "随机种子"),
        "max-input": ("Longest prompt", "最长提示"),
        "recorded-facts": ("recorded facts", "项记录"),
        "declaration": ("Vendor declaration", "厂商声明"),
        "plan": ("Plan", "计划"),
        "suite": ("Suite", "套件"),
        "commit": ("commit", "提交"),
        "nonce": ("Round", "轮次"),
        # peaks
        "peaks-note": (
            (
                "Declared by the vendor, per device, dense. They are the denominators of MFU and MBU; the suite "
                "did not measure them."
            ),
            "由厂商声明，按单个设备、稠密计算。它们是 MFU 与 MBU 的分母，并非本套件所测。",
        ),
        "compute-peak": ("Compute, dense", "算力（稠密）"),
        "bandwidth": ("Memory bandwidth", "显存带宽"),
        "tdp": ("Design power", "设计功耗"),
        "source": ("Source", "来源"),
        "per": ("per", "每"),
        # verify
        "verify-note": (
            (
                "This page is a view of a signed document that travels inside it. Anyone can check the signature, "
                "recompute every number from the raw events and render this page again, byte for byte."
            ),
            "本页是其内嵌的签名文档的视图。任何人都可以检查签名、由原始事件重新计算每个数字，并逐字节重新生成本页。",
        ),
        "parameter-count": ("Parameters", "参数量"),
        "verify-suite": (
            "With the suite: re-hash the evidence, check the signature, recompute, re-render",
            "使用本套件：重新计算证据摘要、检查签名、重新计算数值并重新生成页面",
        ),
        "verify-openssl": (
            "Without our code: openssl and jq (needs the signer's public key from a source you trust)",
            "不用我们的代码：openssl 与 jq（需从可信来源取得签名者公钥）",
        ),
        "verify-key": (
            "The key id alone proves nothing: take the public key from a trust list, never from this page.",
            "仅凭密钥编号不能证明任何事：公钥应取自信任列表，而不是本页。",
        ),
        "key-id": ("Key id of the signature", "签名的密钥编号"),
        "payload-digest": (
            "Identity of this card (SHA-256 of the signed bytes)",
            "本卡标识（签名内容的 SHA-256）",
        ),
        "subjects": ("What the signature covers", "签名所覆盖的对象"),
        "rendered-by": ("Rendered by", "生成器"),
        "defined": ("metrics with their formulas", "项指标及其公式"),
        "symbols": (
            (
                "For one request: t_sched intended start, t_send first byte written, t_1 and t_n arrival of the first and "
                "last chunk with generated text, p prompt tokens, n generated tokens."
            ),
            (
                "对单个请求：t_sched 计划开始，t_send 写出首字节，t_1 与 t_n 为首个与最后一个含生成文本的数据块到达时刻，"
                "p 为提示 token 数，n 为生成 token 数。"
            ),
        ),
        "n-note": (
            "n is the number of samples behind a number. Percentiles are printed only from enough samples.",
            "n 为数字背后的样本数。样本足够时才给出百分位数。",
        ),
    }
)
"""Every phrase by its key: (English, Chinese)."""

UNITS: Final = MappingProxyType(
    {
        "tokens": "token",
        "tokens/s": "token/秒",
        "tokens/J": "token/J",
        "requests": "个请求",
        "requests/s": "请求/秒",
    }
)
"""Units with words in them, in Chinese."""


class Phrases:
    """The phrases of the words in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str) -> str:
        """The phrase of a key."""
        return WORDS[key][self.language]

    def pick(self, en: str, zh: str) -> str:
        """The one that is in this language."""
        return (en, zh)[self.language]
