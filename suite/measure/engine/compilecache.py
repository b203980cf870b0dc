"""What an engine compiled at an earlier start of the same image with the same model, given to it again.

The store holds one directory per key; the key is a digest over everything that the compiled code depends on: the
image or the environment's packages, the model, the command, the variables, what is declared to be kept, the
accelerator and the processor. An engine never gets the stored files: it gets a copy, or an empty directory, which is
thrown away at its end. What lies in the directory when an engine that started cold becomes ready is stored with a
digest of its contents, and a stored directory whose contents do not have that digest any more is not used. Nothing
that a measured phase makes is ever stored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from suite.base import jsonio
from suite.documents import codec
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.engine import CompileCache as CompileCacheDocument
    from suite.documents.plan import Plan
    from suite.measure.engine.served import Facts

Start = Literal["cold", "warm"]
_FILES = "files"
_DIGEST = "files.sha256"


@dataclass(frozen=True, slots=True)
class CompileCache:
    """The directory that one engine gets.

    Attributes:
        declared: of the plan.
        directory: on this machine; writable, thrown away at the end.
        start: ``warm`` when it holds what an earlier start compiled.
        key: 64 hexadecimal digits.
        store: where `keep` puts the files of a cold start.
    """

    declared: CompileCacheDocument
    directory: Path
    start: Start
    key: str
    store: Path

    def variables(self, place: str) -> dict[str, str]:
        """The engine's variables when it sees the directory at `place`."""
        pairs = self.declared.variables.items()
        return {name: f"{place}/{subdirectory}" for name, subdirectory in pairs}

    def facts(self) -> Facts:
        """``engine.compile_cache`` and the key that says what it belongs to."""
        return {"engine.compile_cache": self.start, "engine.compile_cache_key": self.key}

    def keep(self) -> None:
        """Store what a cold start compiled; once its engine is ready. What cannot be stored is not needed."""
        if self.start == "warm" or not any(self.directory.iterdir()):
            return
        with contextlib.suppress(OSError):
            self.store.parent.mkdir(parents=True, exist_ok=True)
            directory = Path(tempfile.mkdtemp(prefix=f"{self.key[:12]}-", dir=self.store.parent))
            try:
                shutil.copytree(self.directory, directory / _FILES, symlinks=True)
                (directory / _DIGEST).write_text(tree_digest(directory / _FILES))
                shutil.rmtree(self.store, ignore_errors=True)
                directory.rename(self.store)
            finally:
                shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def compile_cache(plan: Plan, origin: str, cache: Path) -> Iterator[CompileCache | None]:
    """Make the directory for one start of the plan's engine.

    Args:
        plan: its engine declares whether it compiles anything worth keeping.
        origin: digest of the image, or of the environment's packages.
        cache: directory that outlives runs.

    Yields:
        The directory, gone when the block is left; None for an engine that declares none.
    """
    declared = given(plan.engine.compile_cache)
    if declared is None:
        yield None
        return
    key = cache_key(plan, declared, origin)
    store = cache / "compiled" / key
    # In the temporary directory, not in the store: a copy that outlives a killed run is the system's to clean.
    directory = Path(tempfile.mkdtemp(prefix="llmc-compiled-"))
    try:
        start: Start = "warm" if _copied(store, directory) else "cold"
        yield CompileCache(declared, directory, start, key, store)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def cache_key(plan: Plan, declared: CompileCacheDocument, origin: str) -> str:
    """SHA-256 over what compiled code depends on."""
    engine = plan.engine
    return jsonio.digest(
        {
            "origin": origin,
            "model": plan.model.sha256,
            "command": engine.command,
            "env": engine.env,
            "compile_cache": codec.plain(declared),
            "accelerator": plan.devices.accelerator,
            "processor": _processor(),
        }
    )


def tree_digest(directory: Path) -> str:
    """SHA-256 over the relative names and bytes of all files, and the targets of links, in the names' order."""
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        name = os.fsencode(path.relative_to(directory))
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        else:
            continue
        digest.update(b"%d %d\n" % (len(name), len(content)) + name + content)
    return digest.hexdigest()


def _copied(store: Path, directory: Path) -> bool:
    """Fill the directory from the store; leave it empty when there is nothing, or not what was stored."""
    try:
        digest = (store / _DIGEST).read_text()
        shutil.copytree(store / _FILES, directory, symlinks=True, dirs_exist_ok=True)
        same = tree_digest(directory) == digest
    except OSError:
        same = False
    if not same:
        for path in directory.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return same


def _processor() -> str:
    """What native code is compiled for: the processor's model and instruction sets, by the kernel."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return os.uname().machine
    names = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(names)}))
