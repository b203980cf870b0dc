"""Vendors: data only, one directory each under ``vendors/``; a new vendor changes no Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio, schema, yamlio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import (
    DeclarationError,
    Place,
    Problem,
    SuiteError,
    UsageError,
    choices,
    unwritable,
)
from suite.base.resources import resource
from suite.base.safe import replace_file, resolved
from suite.declare.vendor.check import semantic_problems
from suite.declare.vendor.explain import explain
from suite.declare.vendor.repair import SMALLEST, Repaired, rests_on
from suite.documents.codec import convert
from suite.documents.document import given
from suite.documents.vendor import Vendor as VendorDocument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from suite.base.yamlio import YAMLDocument
    from suite.documents.accelerator import Accelerator
    from suite.documents.vendor import DeviceAccess, KubernetesResource
    from suite.documents.vendor_engine import DeclaredEngine

VENDOR_DIRECTORY = resource("vendors")
FILE_NAME = "vendor.yaml"


def unknown(what: str, name: str, known: Iterable[str], code: str) -> UsageError:
    """A refusal for a name that is none of the known ones, with the nearest of them."""
    return UsageError(
        code,
        Sentence(f"there is no {what} {name!r}", f"没有{chinese(what)} {name!r}"),
        hint=choices(name, known),
    )


@dataclass(frozen=True, slots=True)
class Vendor:
    """A declaration that was read and found in order.

    Attributes:
        doc: everything in the file.
        sha256: digest of the canonical JSON of `doc`; comments and layout do not change it.
        path: the file.
    """

    doc: VendorDocument
    sha256: str
    path: Path

    @property
    def id(self) -> str:
        """Name of the vendor's directory."""
        return self.doc.id

    def engine(self, identifier: str | None = None) -> DeclaredEngine:
        """One engine; the first one without a name.

        Raises:
            UsageError: ``engine-unknown``.
        """
        engines = {engine.id: engine for engine in self.doc.engines}
        if identifier is None:
            return self.doc.engines[0]
        if identifier not in engines:
            what = Sentence(f"engine of {self.id}", f" {self.id} 的推理引擎")
            raise unknown(what, identifier, engines, "engine-unknown")
        return engines[identifier]

    def can_run_as_process(self, engine: str | None = None) -> bool:
        """Whether an engine runs without a container and without an environment that the user names."""
        process = self.engine(engine).process
        return process is not UNSET and (
            process.environment is not UNSET or process.python is not UNSET
        )

    def accelerator(self, engine: DeclaredEngine, identifier: str | None = None) -> Accelerator:
        """One accelerator that the engine runs on; the engine's first one without a name.

        Raises:
            UsageError: ``accelerator-unknown``, ``accelerator-unsupported``.
        """
        devices = {device.id: device for device in self.doc.accelerators}
        wanted = engine.accelerators[0] if identifier is None else identifier
        if wanted not in devices:
            what = Sentence(f"accelerator of {self.id}", f" {self.id} 的加速器")
            raise unknown(what, wanted, devices, "accelerator-unknown")
        if wanted not in engine.accelerators:
            raise UsageError(
                "accelerator-unsupported",
                Sentence(
                    f"{engine.id} does not run on {devices[wanted].name}",
                    f"{engine.id} 不在 {devices[wanted].name} 上运行",
                ),
                hint=Sentence(
                    f"it runs on: {', '.join(engine.accelerators)}",
                    f"它可运行于：{', '.join(engine.accelerators)}",
                ),
            )
        return devices[wanted]

    def access(self, engine: DeclaredEngine, identifier: str | None = None) -> DeviceAccess:
        """One way of device access; the engine's first, else the vendor's first without a name.

        Raises:
            UsageError: ``access-unknown``.
        """
        ways = {way.id: way for way in self.doc.access}
        allowed = given(engine.access, list(ways))
        wanted = allowed[0] if identifier is None else identifier
        if wanted not in allowed:
            what = Sentence(f"device access for {engine.id}", f" {engine.id} 的设备访问方式")
            raise unknown(what, wanted, allowed, "access-unknown")
        return ways[wanted]

    def kubernetes_resource(self, accelerator: str) -> KubernetesResource | None:
        """Under which name Kubernetes gives an accelerator; None where nothing is declared."""
        for item in given(self.doc.kubernetes, ()):
            if accelerator in given(item.accelerators, (accelerator,)):
                return item
        return None


def list_vendors(root: Path = VENDOR_DIRECTORY) -> list[str]:
    """Names of all declared vendors, sorted; whether they are in order is `check_vendor`'s business."""
    return sorted(path.parent.name for path in root.glob(f"*/{FILE_NAME}"))


def load_vendor(identifier: str, root: Path = VENDOR_DIRECTORY) -> Vendor:
    """Read one vendor.

    Args:
        identifier: name of the directory; with a slash: the path of a directory anywhere.
        root: directory that holds the vendors.

    Raises:
        UsageError: ``vendor-unknown``.
        DeclarationError: ``vendor-wrong`` with every problem; ``yaml-refused``, ``file-unreadable``.
    """
    path = _declared(identifier, root)
    read = yamlio.load(path, below=path.parent)
    problems = _problems(read, path)
    if problems:
        count = Sentence(
            "one place" if len(problems) == 1 else f"{len(problems)} places",
            f"{len(problems)} 处",
        )
        message = Sentence(
            f"the declaration of {identifier} is wrong in {count}",
            f"{identifier} 的声明有 {count.zh}错误",
        )
        raise DeclarationError(
            "vendor-wrong", message, problems[0].place, problems[0].hint, problems
        )
    return Vendor(convert(read.value, VendorDocument), jsonio.digest(read.value), path)


def _declared(identifier: str, root: Path) -> Path:
    """The file that a name or a path means."""
    if "/" in identifier:
        path = Path(identifier)
        path = path if path.name == FILE_NAME else path / FILE_NAME
        if not path.is_file():
            message = Sentence(
                f"there is no vendor at {identifier}: {path} is no file",
                f"{identifier} 处没有厂商：{path} 不是文件",
            )
            hint = Sentence(
                "a vendor is a directory with this file; a name without a slash means one under vendors/",
                "厂商是含有此文件的目录；不带斜杠的名称指 vendors/ 下的厂商",
            )
            raise UsageError("vendor-unknown", message, hint=hint)
        return path
    known = list_vendors(root)
    if identifier not in known:
        raise unknown(Sentence("vendor", "厂商"), identifier, known, "vendor-unknown")
    return root / identifier / FILE_NAME


def check_vendor(directory: Path, parsers: Collection[str] | None = None) -> list[Problem]:
    """Everything that is wrong with a declaration; an empty list means that it can be used.

    Args:
        directory: the vendor's directory, or the file itself; or the name of a shipped vendor.
        parsers: names of the telemetry tools that there are; None where they are not known.
    """
    path = directory if directory.suffix == ".yaml" else directory / FILE_NAME
    try:
        if str(directory) == directory.name and not directory.exists():
            path = _declared(directory.name, VENDOR_DIRECTORY)
        read = yamlio.load(path, below=path.parent, lenient=True)
    except SuiteError as refused:
        hint = refused.hint or _misnamed(path)
        return list(refused.problems) or [Problem(refused.message, refused.place, hint)]
    return _problems(read, path, parsers)


def _misnamed(path: Path) -> str:
    """What to do where the declaration lies beside its place under another name."""
    if path.exists() or not path.parent.is_dir():
        return ""
    others = [other.name for other in path.parent.iterdir() if other.suffix in (".yaml", ".yml")]
    if len(others) != 1:
        return ""
    return Sentence(f"rename {others[0]} to {FILE_NAME}", f"请将 {others[0]} 改名为 {FILE_NAME}")


def new_vendor(identifier: str, parent: Path) -> Path:
    """Write the smallest declaration, in order from the first, with a page beside it, and return its file.

    Args:
        identifier: of the vendor; the name of its directory.
        parent: directory in which that is made.

    Raises:
        UsageError: ``vendor-name-wrong``, ``file-exists``, ``file-unwritable``.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", identifier):
        hint = Sentence(
            "small letters, digits, - and _, such as acme", "小写字母、数字、- 与 _，例如 acme"
        )
        raise UsageError(
            "vendor-name-wrong",
            Sentence(f"{identifier!r} is no name of a vendor", f"{identifier!r} 不是厂商名称"),
            hint=hint,
        )
    path = parent / identifier / FILE_NAME
    if path.exists():
        raise UsageError(
            "file-exists",
            Sentence(f"{path} is there already", f"{path} 已存在"),
            hint=Sentence("choose another name", "请换用其他名称"),
        )
    text = jsonio.read_bytes(SMALLEST).decode("utf-8").replace("check ID", f"check {identifier}")
    # No variable begins with a digit.
    upper = re.sub(r"^(?=[0-9])|[^A-Z0-9]", "_", identifier.upper())
    text = text.replace("ACME", upper).replace("acme", identifier)
    page = (
        jsonio.read_bytes(SMALLEST.with_suffix(".md")).decode("utf-8").replace("acme", identifier)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode("utf-8"))
        replace_file(path.with_name("README.md"), page.encode("utf-8"))
    except OSError as cause:
        message = unwritable(path, cause)
        raise UsageError(
            "file-unwritable",
            message,
            hint=Sentence("name another place with --in", "请以 --in 指定其他位置"),
        ) from cause
    return path


def _problems(
    read: YAMLDocument, path: Path, parsers: Collection[str] | None = None
) -> list[Problem]:
    broken = schema.problems(read.value, "vendor", file=str(path), lines=read.lines)
    refused = [str(problem.place and problem.place.pointer) for problem in read.refused]

    def stands_in(problem: Problem) -> bool:
        """Whether a finding is about a stand-in for what YAML refuses."""
        at = (problem.place and problem.place.pointer) or ""
        return any(rests_on(at, place) for place in refused)

    problems = [explain(problem, read.value) for problem in broken if not stands_in(problem)]
    problems += read.refused
    repaired = Repaired(read.value) if broken else None
    if repaired is not None and not repaired.whole:
        return problems
    doc = convert(read.value if repaired is None else repaired.value, VendorDocument)
    contradictions = semantic_problems(doc, directory=resolved(path).parent.name, parsers=parsers)
    problems += [
        Problem(message, Place(str(path), schema.line_of(read.lines, pointer), pointer), hint)
        for pointer, message, hint in contradictions
        if repaired is None or repaired.concerns(pointer, message)
    ]
    problems = [p for p in problems if p in read.refused or not stands_in(p)]
    return sorted(problems, key=lambda p: (p.place.line or 0) if p.place else 0)
