"""What the shipped profiles are for, in Chinese.

They stand beside the profiles and not in them: a profile's digest names its load, which no translation may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from suite.documents.profile import Profile

CHINESE: Final = {
    "bursts": "突发的代价。三个阶段以相同的平均速率提出相同的任务，只是到达的均匀程度不同：固定间隔、泊松，以及变异系数平方为 4 的 gamma 间隔。",
    "bursts-xsum": "用于加速器的突发测试：至少 1,000 个回答，从而有第 99 百分位。请写一份适合所用机器速率的配置；过饱和的阶段会提前结束并说明。",
    "compat-xsum": "供厂商将旧的 FlagPerf 数字与新数字并列：沿用其提示词与 16 个新 token，先逐个请求，再一次全部发出；最后只生成一个 token 并一次全部发出，即 FlagPerf 所称的首 token 时间。16 个 token 容不下一篇摘要（参考摘要约 30 个），因此质量说明不了什么，赛道只能是 open。",
    "context": "长提示词的代价，逐个请求，每种长度八次，使均值带有区间。引擎若接受 token 编号，则经 completions API 以编号提问，使输入的一个 token 恰为一个；否则改用可发送的最短提示词，计划中会说明。模型容不下的长度会列出并略去。",
    "dataset": "其他基准取自 ShareGPT 的负载：各记录的问题原样经 completions API 提出，所要的 token 数与其回答相同；先一次全部发出，再平均每秒一个请求。请以 DATA= 或 --data 给出文件：ShareGPT 的 JSON，或含 prompt 与 completion 的 JSON Lines。与 vLLM 的基准一样，略去少于 4 个 token、提示词超过 1,024 个或合计超过 2,048 个 token 的记录。",
    "grid": "批处理、预填充与解码各自的代价。各批同步进行，前一批结束后才发送下一批，因此每个点的批大小如其所示。",
    "grid-full": "用于加速器的网格。每个点至少 40 个回答；耗时最长的单个请求批次自成一个阶段。",
    "lengths": "延迟与吞吐量随提示词和回答的长度如何变化。每个提示词各不相同，按模型自身的分词器恰有所示的 token 数，所要的回答亦然。这类提示词没有参考摘要，因此无质量可评，赛道只能是 open。",
    "lengths-full": "用于加速器的长度组合：已发表表格中常见的组合，从对话到文档。",
    "replay": "请求按轨迹所示的时刻到达，长度亦如其所示。随附的轨迹是合成的：由套件自身生成的平缓流量加突发。可在自己的配置中换用录制的轨迹（Mooncake、Azure）。",
    "scenarios-smoke": "表明每种场景都能以一个引擎和小模型在两个核上运行；其数字太少，说明不了更多。",
    "sessions": "历史内容逐轮的代价。每一轮都带有该会话此前的全部提示词与引擎自己的回答，因此提示词取决于引擎，赛道只能是 open。",
    "sessions-xsum": "用于加速器的会话测试。",
    "slo": "以逼近与二分找出使 TTFT 与 TPOT 的第 99 百分位达到目标的最高泊松速率。每次探测持续 10 秒，100 至 2,600 个请求，使队列有时间增长；一旦无法再达到目标即提前结束。",
    "slo-xsum": "用于加速器的搜索。每次探测持续两分钟，使队列有时间增长；至少 700 个请求，使第 99 百分位不由单个慢请求决定。逼近到 5 % 为止。",
    "smoke": "不下载任何内容，在几分钟内表明整条链路可用：引擎、负载、指标、质量门槛。64 个新 token 足以容纳 mini 集的每篇摘要。离线阶段一次全部发出；服务器阶段为每秒 10 个请求，不会更多，最高速率由配置 slo 寻找。",
    "soak": "负载不变时延迟是否漂移。请求数为一分钟内到来的数目。",
    "soak-xsum": "用于加速器的长时测试：泄漏、碎片与降频需要时间才会显现。始终有 64 个请求在途，使快速的设备不致空闲；任务远多于一小时所需。",
    "sweep": "在途请求增多时吞吐量与延迟如何变化。每路在每个点发送八个请求，使各点历时大致相等；每个点的任务相同。",
    "sweep-xsum": "用于加速器的扫描。每个点持续至少半分钟与 64 个请求，然后直到其输出吞吐量的 95 % 区间在其 2 % 之内，最长五分钟。",
    "xsum": "完整测量。1,000 个任务使平均 ROUGE-1 的抽样误差不超过 0.43 分，并给出 p99（需要 662 个样本）；重复三次使吞吐量带有区间。128 个新 token 使写得多于所求一句的模型也有余地（参考摘要约 30 个），因此上限不起决定作用，长度比可以评判。两种负载都求机器的最佳表现：离线一次全部发出，由引擎自身的限制起作用；服务器阶段在目标之内寻找最高速率，探测方式与配置 slo-xsum 相同。",
    "xsum-full": "整个测试集上的质量与离线吞吐量，可与已发表的 XSum 数字比较；只做一次，因为仅离线阶段在其上限就生成一百多万个 token。与配置 xsum 一样为 128 个新 token，使二者可以比较；离线一次全部发出，服务器阶段寻找最高速率，同上。",
}


def purpose(profile: Profile) -> Sentence:
    """What a profile is for, on one line; one that is not shipped says it in its own words."""
    own = " ".join(profile.purpose.split())
    return Sentence(own, CHINESE.get(profile.name, own))
