"""What the page says about sweeps, searches, soaks and conversations, in English and Chinese."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SCENARIO_WORDS: Final = MappingProxyType(
    {
        # how a phase went
        "limit": ("Limited by", "受限于"),
        "stop-rule": ("Goes on", "停止规则"),
        "ended": ("Ended", "结束原因"),
        "steady": ("Steady state", "稳态"),
        "drift": ("Drift", "漂移"),
        "lengths": ("Tokens", "token 长度"),
        "repeat": ("repeat", "重复"),
        "up-to": ("at most, per repeat", "每次重复的上限"),
        "not-run": ("Not run", "未运行"),
        "limit-client": (
            "the load client: its own processes were busy for most of the phase, and the machine may do more; --workers helps",
            "负载客户端：其进程在该阶段大部分时间处于忙碌，机器的能力可能更高；可用 --workers",
        ),
        "limit-load-search": (
            "the load: even the highest rate of the search met the objectives; the machine serves at least that",
            "负载：搜索范围内的最高速率仍达标；机器的能力不低于此",
        ),
        "limit-machine-search": (
            "the machine: its best within the objectives was looked for, and a higher rate missed them",
            "机器：已搜索其在目标内的最佳速率，更高的速率未达标",
        ),
        "limit-load-arrivals": (
            "the load: the server kept up with all that came, and may do more",
            "负载：服务器跟得上全部到达的请求，其能力可能更高",
        ),
        "limit-machine-arrivals": (
            "the machine: requests came faster than it served them",
            "机器：请求到达快于其处理",
        ),
        "limit-load-streams": (
            "the load: no more requests were in flight at once; with more the machine may do more",
            "负载：同时在途的请求数有上限；更多并发下机器的能力可能更高",
        ),
        "limit-machine-streams": (
            "the machine: everything was sent at once, and the engine's own limit held",
            "机器：全部请求同时发送，以引擎自身的上限为准",
        ),
        "end-all-sent": ("everything was sent", "全部请求已发送"),
        "end-enough": ("enough was seen", "已满足停止条件"),
        "end-max-duration": ("the longest duration was reached", "达到最长时间"),
        "end-saturated": ("over-saturated", "过饱和"),
        "end-stopped": ("stopped by a signal", "被信号停止"),
        "end-objective-missed": (
            "stopped: the objectives could not be met any more",
            "提前停止：已不可能满足目标",
        ),
        "end-unsaid": ("the log does not say why", "日志未说明原因"),
        # groups
        "group-sweep": ("Concurrency sweep", "并发扫描"),
        "group-batch": ("Batch sizes", "批大小"),
        "group-context": ("Context lengths", "上下文长度"),
        "group-lengths": ("Prompt and answer lengths", "提示与回答长度"),
        "group-grid": ("Grid", "网格"),
        "axis-concurrency": ("concurrency", "并发"),
        "axis-batch": ("batch", "批大小"),
        "axis-input_tokens": ("tokens in", "输入 token"),
        "axis-output_tokens": ("tokens out", "输出 token"),
        "column-output_throughput": ("output", "输出吞吐"),
        "column-stream": ("per stream", "每流吞吐"),
        "column-device_memory_max": ("device memory", "设备内存"),
        "column-failed": ("failed", "失败"),
        "points": ("points", "个测点"),
        "point-details": ("Every number of each point", "各测点的全部数字"),
        "group-note": (
            (
                "Per stream: output throughput divided by the number of streams. Open a point below for its "
                "intervals and everything else that was measured there."
            ),
            "每流吞吐：输出吞吐除以流数。各测点的区间及其他全部指标见下方展开内容。",
        ),
        "plot-output_throughput": ("Output throughput", "输出吞吐"),
        "plot-ttft": ("TTFT", "TTFT"),
        "plot-tpot": ("TPOT", "TPOT"),
        "plot-trade": (
            "Throughput against latency: TPOT p50 in ms at each point",
            "吞吐与延迟：各测点的 TPOT p50，毫秒",
        ),
        "plot-seconds": ("seconds since the first request", "距首个请求的秒数"),
        # searches
        "answer": ("Highest rate that met the objectives", "满足目标的最高速率"),
        "no-answer": ("No rate met the objectives", "没有速率满足目标"),
        "bracket": ("bracket", "区间"),
        "probes": ("The whole curve, probe by probe", "完整曲线（逐次探测）"),
        "probe": ("Probe", "探测"),
        "rate": ("Rate", "速率"),
        "met": ("met", "达标"),
        "missed": ("missed", "未达标"),
        "undecided": ("undecided", "未判定"),
        "sent": ("Sent", "已发送"),
        "failed": ("Failed", "失败"),
        "search-resolution": (
            "the bracket is as narrow as asked for",
            "区间已达到要求的精度",
        ),
        "search-max-probes": ("as many probes as allowed", "已达到最多探测次数"),
        "search-max-rate-met": (
            "the highest rate of the search met the objectives: the answer is at least this",
            "搜索范围内的最高速率仍达标：结果是下限",
        ),
        "search-min-rate-missed": (
            "even the lowest rate of the search missed the objectives",
            "搜索范围内的最低速率也未达标",
        ),
        "search-unfinished": (
            "unfinished: the rules ask for another probe",
            "未完成：按规则还需继续探测",
        ),
        "search-unsaid": ("the card does not say", "评分卡未说明"),
        "search-note": (
            (
                "Each probe offers Poisson arrivals at one rate; latencies count from the scheduled start. "
                "Crosses at the upper edge are probes that were stopped before there were enough answers."
            ),
            "每次探测以一个速率的泊松到达施加负载；延迟自计划时刻起计。上边缘的叉号表示在答案足够之前就停止的探测。",
        ),
        # conversations and soaks
        "by-turn": ("Turn by turn", "逐轮结果"),
        "turn": ("turn", "轮次"),
        "turn-ttft": ("Median TTFT by turn, ms", "各轮 TTFT 中位数，毫秒"),
        "turn-prompt_tokens": (
            "Conversation sent by turn, mean tokens",
            "各轮发送的对话长度，平均 token 数",
        ),
        "turn-answered": ("Answered", "已回答"),
        "turn-history": ("Conversation sent", "发送的对话"),
        "over-time": ("Over time", "随时间变化"),
        "track-ttft": ("Median TTFT over time, ms", "TTFT 中位数随时间变化，毫秒"),
        "track-tpot": ("Median TPOT over time, ms", "TPOT 中位数随时间变化，毫秒"),
        "energy-source": ("Energy from", "能耗来源"),
        "energy-counter": ("the devices' counters", "设备计数器"),
        "energy-sampled": ("sampled power", "采样功率"),
        "energy-estimated": (
            "estimate: the sensor averages over more than a tenth of the window",
            "估计值：传感器的平均时长超过窗口的十分之一",
        ),
        "finish-reasons": ("Finish reasons", "结束原因"),
        "devices-over-time": ("Devices and engine over time", "设备与引擎随时间变化"),
        "device-power": ("Power of the devices together, W", "设备总功率，W"),
        "device-utilisation": ("Device utilisation, %", "设备利用率，%"),
        "device-memory": ("Memory in use, devices together, GiB", "设备内存总用量，GiB"),
        "device-temperature": ("Device temperature, °C", "设备温度，°C"),
        "device-running": ("Requests running in the engine", "引擎内运行的请求数"),
        "device-waiting": ("Requests waiting in the engine", "引擎内等待的请求数"),
        "device-kv-use": ("KV cache in use, %", "KV 缓存用量，%"),
        "device-clock": ("Device clock, MHz", "设备时钟频率，MHz"),
        "steady-note": (
            "The shaded stretch is the steady state of the first repeat.",
            "阴影部分为第一次重复的稳态。",
        ),
    }
)
"""Phrases by key: (English, Chinese); part of `suite.judge.report.words.WORDS`."""
