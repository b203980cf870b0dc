"""What the page says of divisions, standings, levels and statements, in English and Chinese."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from suite.documents.deviceevidence import DEVICE_FACTS
from suite.documents.standing import LEVEL_NAMES

TRUST_WORDS: Final[MappingProxyType[str, tuple[str, str]]] = MappingProxyType(
    {
        **{level: (name.en, name.zh) for level, name in LEVEL_NAMES.items()},
        # how far a fact can be trusted
        "standing": ("Standing", "可信程度"),
        "standing-recomputed": ("recomputed", "可重算"),
        "standing-observed": ("observed", "本套件所见"),
        "standing-attested": ("attested", "他人签名"),
        "standing-asserted": ("asserted", "自述"),
        "standing-not-covered": ("not covered", "未涵盖"),
        "standing-text": (
            (
                "Recomputed: follows from the evidence, and anybody can derive it again. Observed: the suite saw it on the "
                "machine that measured. Attested: somebody else signed for it. Asserted: the word of whoever ran or sells."
            ),
            "可重算：由证据得出，任何人均可再次推导。本套件所见：套件在测量所用机器上亲自观察。他人签名：由他人签名确认。自述：仅凭运行方或厂商之言。",
        ),
        # divisions
        "meaning-closed": (
            (
                "Pinned model revision, tokenizer, prompt and decoding; image pinned by digest; a container; locked "
                "tasks; nothing reused from one request to the next. Cards of this division compare hardware and "
                "software stacks like for like."
            ),
            (
                "固定模型版本、分词器、提示词与解码参数；镜像以摘要固定；容器运行；锁定任务；请求之间不复用任何结果。"
                "此赛道的评分卡可对软硬件栈进行同条件比较。"
            ),
        ),
        "meaning-optimised": (
            "As closed, but prefix caching, quantisation and speculative decoding are allowed when declared.",
            "同封闭赛道，但在声明后允许前缀缓存、量化与推测解码。",
        ),
        "meaning-open": (
            "Anything that is stated. Numbers are measured and signed, but not like for like.",
            "凡声明者皆可。数字经过测量与签名，但不属同条件比较。",
        ),
        "level": ("Level", "可信等级"),
        "meaning-self-reported": (
            (
                "The vendor measured alone, with tasks that everybody knows: the rules show what contradicts itself, and "
                "nothing else is certain."
            ),
            "由厂商独自测量，任务人人皆知：规则只能指出自相矛盾之处，此外并无保证。",
        ),
        "meaning-challenged": (
            (
                "Tasks, order and arrivals follow from a challenge that was issued before the run; new tasks were answered as "
                "fast and as well as known ones. It counts where a trust list names the key that issued it."
            ),
            "任务、顺序与到达时刻均由运行之前发布的质询推出；新任务的回答与公开任务同样快、同样好。仅当信任列表列有发布质询的密钥时才算数。",
        ),
        "meaning-witnessed": (
            "The load client ran on the reviewer's machine.",
            "负载客户端在评审者的机器上运行。",
        ),
        "meaning-reproduced": (
            "Somebody else ran the same plan on a machine of the same kind.",
            "他人在同类机器上运行了同一计划。",
        ),
        "meaning-attested": (
            "Challenged and reproduced; and the devices signed before and after the run, certified by a maker that the trust list names.",
            "已受质询且已复现；设备在运行前后签名，其制造商列于信任列表。",
        ),
        **{f"device-{name}": (fact.en, fact.zh) for name, fact in DEVICE_FACTS.items()},
        "device-fact": ("Fact", "事实"),
        "device-attestation": ("What the devices signed", "设备所签内容"),
        "meaning-device-attestation": (
            (
                "Before the run the devices signed the plan's digest, after it the log's. It counts where a trust list names the "
                "maker's root; it shows which devices were there, not that they computed the answers."
            ),
            "设备在运行前对计划摘要、运行后对日志摘要签名。仅当信任列表列有制造商的根证书时才算数；它表明有哪些设备在场，而不表明回答由其算出。",
        ),
        "device-root": (
            "Root that their certificates end in, SHA-256",
            "其证书所归的根证书，SHA-256",
        ),
        "level-alone": ("By its own evidence alone", "仅凭自身证据"),
        "device-maker": ("Its devices are attested by", "为其设备作证的制造商"),
        "audited": ("Audited by a reviewer", "已由评审方审计"),
        "audit-same": ("the same model", "同一模型"),
        "audit-different": ("another model", "另一模型"),
        "audit-undecided": ("undecided", "未定"),
        "witness-agrees": ("Witnessed: both sides agree", "已见证：双方一致"),
        "witness-differs": ("Witnessed: the sides differ", "已见证：双方不一致"),
        "witness-one-sided": ("Witnessed from one side", "已见证：仅一方"),
        "reproduction-PASSED": ("Reproduced", "已复现"),
        "reproduction-FAILED": ("Not reproduced", "未能复现"),
        "meaning-audit": (
            "A reference read the recorded answers token by token. It counts where a trust list names the key that signed it.",
            "由参考模型逐 token 核读所记录的回答；仅当信任列表列有其签名密钥时有效。",
        ),
        "audit-sample": (
            "Tokens; not the reference's; beyond ties",
            "token 数；与参考不同；超出并列",
        ),
        "audit-reference": ("Reference", "参考"),
        "statement-signed": ("Signed, with the key", "签署时间与密钥"),
        "statement-bundle": ("The signed statement, base64", "已签名的声明（base64）"),
        "challenge-issuer": ("Challenge signed with the key", "质询由此密钥签名"),
    }
)
