"""One line of ``device-evidence.jsonl``: what the devices' maker's tool answered when it was given a nonce of this run."""

from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from suite.base.bilingual import Bilingual
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, Line, Name, Sha256

AttestationParser = Literal["nvattest"]
AttestationKept = Literal["digest"]
EvidenceMoment = Literal["before", "after"]
DeviceFactName: TypeAlias = Literal[
    "devices",
    "chip",
    "driver",
    "firmware",
    "measurements",
    "secure-boot",
    "debugging",
    "name",
    "limits",
    "revocation",
    "work",
]
DEVICE_FACTS: Final[dict[DeviceFactName, Bilingual]] = {
    "devices": Bilingual("how many devices", "设备数量"),
    "chip": Bilingual("chip", "芯片"),
    "driver": Bilingual("driver", "驱动"),
    "firmware": Bilingual("firmware", "固件"),
    "measurements": Bilingual(
        "firmware and driver are the maker's published ones", "固件与驱动为制造商发布的版本"
    ),
    "secure-boot": Bilingual("secure boot", "安全启动"),
    "debugging": Bilingual("debugging", "调试"),
    "name": Bilingual("product name and memory", "产品名称与显存"),
    "limits": Bilingual("power limit and clocks", "功率上限与频率"),
    "revocation": Bilingual("certificates are not revoked", "证书未被吊销"),
    "work": Bilingual("that the answers were computed on these devices", "回答确由这些设备算出"),
}
"""What is asked of device evidence, in the order of the card, and what each is called."""


MOST_ANSWER_BYTES: Final = 8 << 20
"""Longest answer of a tool that is kept and read: 16 devices with tokens take a hundredth."""


class Withheld(Document):
    """An answer that was kept back, since it names the devices: what can be said of it."""

    bytes: Annotated[Count, about("Its length, in UTF-8.")]
    sha256: Annotated[
        Sha256, about("Of it: whoever is shown the answer can tell that it is this one.")
    ]
    devices: Annotated[
        Annotated[tuple[Sha256, ...], Meta(max_length=64)],
        about(
            "A digest of each device's certified key with the run's salt, as of a device's number: the same device has the "
            "same one throughout a round."
        ),
    ]


class DeviceEvidence(Document):
    """A question to the maker's tool and its answer as it came."""

    SCHEMA: ClassVar[str] = "device-evidence"
    INTEGERS_ONLY: ClassVar[bool] = True

    moment: Annotated[
        EvidenceMoment,
        about("Before anything was started on the devices, or after the log was closed."),
    ]
    nonce: Annotated[
        Sha256,
        about("What was asked with: before, the plan's digest; after, that of events.jsonl."),
    ]
    t: Annotated[Integer, about("When. Nanoseconds of the monotonic clock since the run's start.")]
    command: Annotated[tuple[str, ...], about("Resolved argv.", min_length=1)]
    parser: Annotated[AttestationParser, about("Name of the reader.")]
    output: Annotated[
        Annotated[str, Meta(max_length=MOST_ANSWER_BYTES)] | UnsetType,
        about("Standard output as it came; absent where the tool gave none, or it was withheld."),
    ] = UNSET
    withheld: Annotated[
        Withheld | UnsetType,
        about("In the output's place, where the declaration says that no answer is kept."),
    ] = UNSET
    why: Annotated[Line | UnsetType, about("Why there is none.")] = UNSET

    def __post_init__(self) -> None:
        """Refuse an answer with a reason why there is none, and none without."""
        if [self.output, self.withheld, self.why].count(UNSET) != 2:
            raise ValueError(
                "there is either an output, or what was withheld, or why there is none"
            )


class DeviceFact(Document):
    """One fact about the devices, and what the maker's evidence says of it."""

    name: Annotated[DeviceFactName, about("Which.")]
    value: Annotated[Line, about("What it says; empty where it says nothing.")]
    standing: Annotated[
        Literal["attested", "asserted", "not-covered"],
        about(
            "Attested: in what the devices signed, up to the root. Asserted: in a token whose signature nothing in the run "
            "can check; a trust list with the key can. Not covered: the evidence does not speak of it."
        ),
    ]


class DeviceAttestation(Document):
    """What the evidence of the devices' maker comes to, as far as the run itself shows it."""

    tool: Annotated[Name, about("Program that gathered it.")]
    root: Annotated[
        Sha256 | UnsetType,
        about(
            "SHA-256 of the root certificate (DER) that the devices' certificates end in; whether it is the maker's, a trust "
            "list says. Absent where no device signed."
        ),
    ] = UNSET
    devices: Annotated[Count, about("Different devices that signed, before and after alike.")]
    facts: Annotated[tuple[DeviceFact, ...], about("Fact by fact.")]
