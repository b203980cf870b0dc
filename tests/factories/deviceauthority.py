"""A maker of devices of one's own: throwaway certificates, devices that sign, a verifier's tokens, and a `nvattest` that answers.

What comes out has the form of NVIDIA's tool; nothing of it is NVIDIA's, and every certificate says so.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import functools
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

LABEL = "Local test authority"
DRIVER, FIRMWARE = "580.95.05", "96.00.9F.00.01"
START = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2121, 1, 1, tzinfo=dt.UTC)


def key(*names: str) -> ec.EllipticCurvePrivateKey:
    """A throwaway key that every process makes alike."""
    number = int.from_bytes(hashlib.sha256("/".join(names).encode()).digest())
    return ec.derive_private_key(number, ec.SECP384R1())


def raw_signature(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """r and s, 48 bytes each."""
    pair = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA384())))
    return b"".join(number.to_bytes(48, "big") for number in pair)


def certificate(
    name: str,
    own_key: ec.EllipticCurvePrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey],
    *,
    authority: bool,
    end: dt.datetime = END,
    longest: int | None = None,
    may_sign: bool | None = None,
) -> x509.Certificate:
    """A certificate that says whose it is not."""

    def called(common: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, LABEL),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    builder = x509.CertificateBuilder(
        issuer_name=called(issuer[0]),
        subject_name=called(name),
        public_key=own_key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=START,
        not_valid_after=end,
    )
    constraints = x509.BasicConstraints(ca=authority, path_length=longest)
    builder = builder.add_extension(constraints, critical=True)
    if may_sign is not None:
        others = dict.fromkeys(
            (
                *("digital_signature", "content_commitment", "key_encipherment"),
                *("data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
            ),
            False,
        )
        usage = x509.KeyUsage(key_cert_sign=may_sign, crl_sign=True, **others)
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer[1], hashes.SHA384())


@dataclass
class Device:
    """A device with its chain of certificates."""

    key: ec.EllipticCurvePrivateKey
    chain: list[x509.Certificate]

    def evidence(
        self, nonce: str, *, driver: str = DRIVER, version: int = 0x11, broken: bool = False
    ) -> dict:
        """What `nvattest collect-evidence` prints of it."""
        opaque = b"".join(
            kind.to_bytes(2, "little") + len(content).to_bytes(2, "little") + content
            for kind, content in (
                (3, driver.encode() + b"\0"),
                (6, bytes.fromhex("009f009601000000")),
            )
        )
        request = bytes([version, 0xE0, 1, 0xFF]) + bytes.fromhex(nonce) + b"\0"
        record = bytes([1, 1, 0x33, 0, 1, 0x30, 0]) + bytes(48)
        response = bytes([version, 0x60, 0, 0, 1]) + len(record).to_bytes(3, "little") + record
        response += bytes(32) + len(opaque).to_bytes(2, "little") + opaque
        signature = raw_signature(self.key, request + response)
        if broken:
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        pem = b"".join(item.public_bytes(serialization.Encoding.PEM) for item in self.chain)
        return {
            "version": "1.0",
            "arch": "HOPPER",
            "nonce": nonce,
            "driver_version": driver,
            "vbios_version": FIRMWARE,
            "evidence": base64.b64encode(request + response + signature).decode(),
            "certificate": base64.b64encode(pem).decode(),
        }


@dataclass
class Maker:
    """A root, the devices that it certified, and a verifier."""

    name: str = "A"
    devices: int = 1
    end: dt.datetime = END
    above_chip: dict[str, int | bool | None] = field(default_factory=dict)
    root_key: ec.EllipticCurvePrivateKey = field(init=False)
    root: x509.Certificate = field(init=False)
    cards: list[Device] = field(init=False)
    verifier: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.root_key, self.verifier = key(self.name, "root"), key(self.name, "verifier")
        own = f"Device identity {self.name}"
        self.root = certificate(own, self.root_key, (own, self.root_key), authority=True)
        self.cards = [self.device(number) for number in range(self.devices)]

    def device(self, number: int) -> Device:
        """One more device."""
        own = f"Device identity {self.name}"
        names = ["TH100 model", f"TH100 chip {number}", "TH100 firmware"]
        keys = [key(self.name, name) for name in names]
        chain, above = [self.root], (own, self.root_key)
        for name, own_key in zip(names, keys, strict=True):
            last = own_key is keys[-1]
            end = self.end if last else END
            more = self.above_chip if len(chain) == 1 else {}
            chain.insert(0, certificate(name, own_key, above, authority=not last, end=end, **more))
            above = (name, own_key)
        return Device(keys[-1], chain)

    def collected(self, nonce: str, **wrong: object) -> dict:
        """The document of `nvattest --format json collect-evidence`."""
        rows = [card.evidence(nonce, **wrong) for card in self.cards]
        return {"result_code": 0, "result_message": "Ok", "evidences": rows}

    def token(self, claims: dict) -> str:
        """A JSON Web Token of the verifier."""
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
            for part in ({"alg": "ES384", "kid": "local-test", "typ": "JWT"}, claims)
        ]
        signed = b".".join(parts)
        end = base64.urlsafe_b64encode(raw_signature(self.verifier, signed)).rstrip(b"=")
        return (signed + b"." + end).decode()

    def appraised(
        self,
        nonce: str,
        at: dt.datetime,
        *,
        result: bool = True,
        driver: str = DRIVER,
        named: bool = True,
    ) -> dict:
        """The document of `nvattest --format json attest --verifier remote`."""
        issued = int(at.timestamp())
        times = {"iss": LABEL, "iat": issued, "nbf": issued, "exp": issued + 3600}
        tokens = {
            f"GPU-{number}": self.token(
                {
                    **times,
                    "eat_nonce": nonce,
                    "hwmodel": "TH100 model",
                    **({"ueid": f"{number:018d}"} if named else {}),
                    "measres": "success" if result else "fail",
                    "secboot": True,
                    "dbgstat": "disabled",
                    "x-nvidia-gpu-driver-version": driver,
                    "x-nvidia-gpu-vbios-version": FIRMWARE,
                }
            )
            for number in range(len(self.cards))
        }
        overall = {
            **times,
            "sub": "LOCAL-TEST-ATTESTATION",
            "eat_nonce": nonce,
            "x-nvidia-ver": "3.0",
            "x-nvidia-overall-att-result": result,
            "submods": {
                name: ["DIGEST", ["SHA-256", hashlib.sha256(token.encode()).hexdigest()]]
                for name, token in tokens.items()
            },
        }
        return {
            "result_code": 0 if result else 1,
            "result_message": "Ok" if result else "Overall result is false",
            "claims": [],
            "detached_eat": [["JWT", self.token(overall)], tokens],
        }

    def entry(self, owner: str, **more: object) -> dict:
        """Its entry in a trust list."""
        public = self.verifier.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        root = self.root.public_bytes(serialization.Encoding.PEM)
        return {"owner": owner, "roots": root.decode(), "verifier": [public.decode()], **more}


MAKER = functools.cache(Maker)


def line(moment: str, nonce: str, document: dict, t: int) -> dict:
    """A line of device-evidence.jsonl."""
    return {
        "moment": moment,
        "nonce": nonce,
        "t": t,
        "command": ["nvattest", "--nonce", nonce],
        "parser": "nvattest",
        "output": json.dumps(document, indent=4),
    }


def signed(parts: dict, log: bytes, *, fault: str = "", maker: Maker | None = None) -> list[dict]:
    """The lines of a run's device-evidence.jsonl, sound or with a fault by name.

    Args:
        parts: the run as plain data.
        log: the bytes of its event log.
        fault: what is wrong.
        maker: whose devices sign.
    """
    maker = maker or MAKER("A", 1)
    begun = dt.datetime.fromisoformat(parts["header"]["started_utc"]).replace(tzinfo=dt.UTC)
    plan, end = parts["header"]["plan_sha256"], hashlib.sha256(log).hexdigest()
    wrong: dict[str, object] = {}
    match fault:
        case "other-plan":
            plan = "1" * 64
        case "other-log":
            end = "2" * 64
        case "broken-signature":
            wrong = {"broken": True}
        case "other-version":
            wrong = {"version": 0x12}
        case "other-driver":
            wrong = {"driver": "550.00"}
        case "expired":
            maker = Maker("expired", end=START + dt.timedelta(days=1))
    after = MAKER("B", 1) if fault == "other-device" else maker
    lines = [
        line("before", plan, maker.collected(plan, **wrong), 1_000_000),
        line("after", end, after.collected(end, **wrong), parts["footer"]["t"] + 1_000_000),
    ]
    match fault:
        case "nonce-within":
            lines[0]["output"] = json.dumps(maker.collected("3" * 64))
        case "copied":
            for row in lines:
                document = json.loads(row["output"])
                row["output"] = json.dumps(document | {"evidences": document["evidences"] * 8})
        case "no-device":
            lines = [
                {**row, "output": json.dumps({"result_code": 0, "evidences": []})} for row in lines
            ]
        case "no-tool":
            for row in lines:
                del row["output"]
                row["why"] = "nvattest is not installed"
        case "one-side":
            lines.pop()
        case "no-json":
            lines[1]["output"] = "Killed"
        case "chain-cut":
            document = json.loads(lines[0]["output"])
            pem = base64.b64decode(document["evidences"][0]["certificate"])
            parts_of = pem.split(b"-----END CERTIFICATE-----\n")
            del parts_of[1]
            cut = b"-----END CERTIFICATE-----\n".join(parts_of)
            document["evidences"][0]["certificate"] = base64.b64encode(cut).decode()
            lines[0]["output"] = json.dumps(document)
        case _ if fault.startswith("token"):
            documents = [
                after.appraised(
                    "4" * 64 if fault == "token-other-nonce" else nonce,
                    begun + dt.timedelta(days=fault == "token-late"),
                    result=fault != "token-refused",
                    named=fault != "token-unnamed",
                )
                for nonce in (plan, end)
            ]
            if fault == "token-swapped":
                documents[0]["detached_eat"][1] = documents[1]["detached_eat"][1]
            lines += [
                {**copy.deepcopy(row), "output": json.dumps(document)}
                for row, document in zip(lines, documents, strict=True)
            ]
    return lines


def samples(folder: Path) -> None:
    """Write the answers of both subcommands to one nonce, and the maker's entry in a trust list."""
    maker, nonce = Maker("of the samples"), hashlib.sha256(b"a plan").hexdigest()
    at = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    for name, document in (
        ("collect-evidence", maker.collected(nonce)),
        ("attest", maker.appraised(nonce, at)),
        ("maker", maker.entry("nvidia", note=LABEL)),
    ):
        (folder / f"{name}.json").write_text(json.dumps(document, indent=4) + "\n")


def main() -> None:
    """``FOLDER`` makes the samples anew; ``--nonce HEX`` answers as `nvattest collect-evidence` does."""
    match sys.argv[1:]:
        case ["--nonce", nonce]:
            print(json.dumps(Maker().collected(nonce), indent=4))
        case [folder]:
            samples(Path(folder))


if __name__ == "__main__":
    main()
