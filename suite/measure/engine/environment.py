"""Python environments of the engines, and the wheels that images and environments are made from.

The requirement files under ``images/<name>/`` serve both: ``torch.txt`` (the CPU build, which comes from
another index than the rest), ``requirements.txt`` (everything else, pinned, installed without resolving) and
``uv.txt`` (what installs them inside an image). The host's own pip fetches the wheels, so that its mirrors,
certificates and cache are used, and uv installs them; an image build then needs no network at all. Both steps are
keyed by the digest of the requirement files and skipped when done.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from suite.base import jsonio, uv
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, SuiteError, UsageError, unwritable
from suite.measure.engine.served import Settings
from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from suite.measure.engine.served import Progress

TORCH_FILE = "torch.txt"
REQUIREMENTS_FILE = "requirements.txt"
UV_FILE = "uv.txt"
STAMP = ".requirements-sha256"
PIP_TIMEOUT_S = 3600
_PACKAGES_TIMEOUT_S = 60
_PACKAGES_SCRIPT = """
import importlib.metadata as m, json, platform, re
packages = {"python": platform.python_version()}
for d in m.distributions():
    name = d.metadata["Name"] if d.metadata else None
    if name:
        packages.setdefault(re.sub(r"[-_.]+", "-", name).lower(), d.version)
print(json.dumps(packages))
"""
"""Run by an environment's own interpreter; the last line is one JSON object of every package's version."""


def requirements_digest(directory: Path) -> str:
    """SHA-256 over the names and bytes of the requirement files.

    Raises:
        SetupError: ``requirements-missing``.
    """
    digest = hashlib.sha256()
    for name in (TORCH_FILE, REQUIREMENTS_FILE, UV_FILE):
        try:
            content = (directory / name).read_bytes()
        except OSError as error:
            raise SetupError(
                "requirements-missing",
                Sentence(
                    f"{directory / name} cannot be read: {error.strerror}",
                    f"无法读取 {directory / name}：{error.strerror}",
                ),
            ) from error
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def ensure_environment(
    name: str,
    on_progress: Progress,
    *,
    requirements: str = "",
    settings: Settings | None = None,
) -> Path:
    """Make the Python environment of an engine, or find it made.

    Args:
        name: e.g. ``vllm``; the environment is ``.venv-vllm`` in `Settings.environments`.
        on_progress: told which step runs.
        requirements: path of ``requirements.txt`` relative to the repository; by default
            ``images/cpu-<name>/requirements.txt``. ``torch.txt`` lies beside it.
        settings: of this machine.

    Returns:
        Path of the environment's interpreter.

    Raises:
        SetupError: ``requirements-missing``, ``environment-failed``, ``wheels-unavailable``,
            ``torch-cpu-unavailable``.
    """
    chosen = Settings() if settings is None else settings
    source = chosen.repository / (requirements or f"images/cpu-{name}/{REQUIREMENTS_FILE}")
    digest = requirements_digest(source.parent)
    target = chosen.environments / f".venv-{name}"
    python = target / "bin" / "python"
    with locked(chosen.cache / f"venv-{name}.lock"):
        if _read(target / STAMP) == digest and python.exists():
            return python
        wheels = fetch_wheels(source.parent, on_progress, settings=chosen)
        on_progress(
            Sentence(
                f"making the Python environment {target.name}", f"建立 Python 环境 {target.name}"
            )
        )
        if target.is_symlink():
            target.unlink()
        shutil.rmtree(target, ignore_errors=True)
        program = uv.program()
        command = [program, "venv", "--quiet", "--python", sys.executable, str(target)]
        _run(command, "environment-failed")
        files = ("-r", str(source.parent / TORCH_FILE), "-r", str(source))
        offline = ("--no-index", "--find-links", str(wheels))
        # Byte-compiled now, so that the first start is no slower than the later ones.
        install = [program, "pip", "install", "--quiet", "--python", str(python), "--no-deps"]
        _run([*install, "--compile-bytecode", *offline, *files], "environment-failed")
        (target / STAMP).write_text(digest)
    return python


def environment_made(name: str, requirements: str, settings: Settings) -> bool:
    """Whether an engine's environment is made from the current requirement files; nothing is made.

    Raises:
        SetupError: ``requirements-missing``.
    """
    target = settings.environments / f".venv-{name}"
    digest = requirements_digest((settings.repository / requirements).parent)
    return _read(target / STAMP) == digest and (target / "bin" / "python").exists()


def environment_packages(python: Path) -> dict[str, str]:
    """The version of the interpreter, as ``python``, and of every package of an environment that was there before.

    Raises:
        SetupError: ``engine-python-wrong``.
    """
    hint = Sentence(
        "name the python of the environment that holds the engine, such as /opt/vllm/bin/python",
        "请指定含有该引擎的环境的 python，例如 /opt/vllm/bin/python",
    )
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _PACKAGES_SCRIPT],
            capture_output=True,
            check=True,
            timeout=_PACKAGES_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
        read = jsonio.loads(answer.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, IndexError, SuiteError) as cause:
        message = Sentence(
            f"{python} is no interpreter that answers: {cause}",
            f"{python} 不是可应答的解释器：{cause}",
        )
        raise SetupError("engine-python-wrong", message[:300], hint=hint) from cause
    packages = read if isinstance(read, dict) else {}
    return {name: version for name, version in packages.items() if isinstance(version, str)}


def fetch_wheels(directory: Path, on_progress: Progress, *, settings: Settings) -> Path:
    """Fetch every wheel that the requirement files of a directory pin, or find them fetched.

    Returns:
        A directory that holds exactly these wheels.

    Raises:
        SetupError: ``requirements-missing``, ``wheels-unavailable``, ``torch-cpu-unavailable``.
        UsageError: ``offline-unfit``, where a bundle brought others.
    """
    digest = requirements_digest(directory)
    if settings.bundle is not None and settings.bundle.wheels is not None:
        if _read(settings.bundle.wheels / STAMP) == digest:
            return settings.bundle.wheels
        message = Sentence(
            f"the bundle's wheels are not those that {directory.name} asks for",
            f"离线包的 wheel 不是 {directory.name} 所要求的",
        )
        hint = Sentence(
            "run the suite that packed the bundle: its wheels are in it",
            "请运行打包该离线包的套件：其 wheel 就在包中",
        )
        raise UsageError("offline-unfit", message, hint=hint)
    target = settings.cache / "wheels" / f"{directory.name}-{digest[:12]}"
    if (target / STAMP).exists():
        return target
    with locked(settings.cache / f"wheels-{directory.name}.lock"):
        if (target / STAMP).exists():
            return target
        # Left by a fetch that was cut: pip reuses what is complete in it.
        with _disk_errors(target):
            target.mkdir(parents=True, exist_ok=True)
        on_progress(Sentence("fetching the engine's packages with pip", "以 pip 获取引擎的软件包"))
        files = ["-r", str(directory / REQUIREMENTS_FILE), "-r", str(directory / UV_FILE)]
        _download(target, files, "wheels-unavailable")
        on_progress(
            Sentence("fetching the CPU build of torch with pip", "以 pip 获取 CPU 版 torch")
        )
        _fetch_torch(directory, target, settings.torch_index)
        (target / STAMP).write_text(digest)
    return target


_PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


def _fetch_torch(directory: Path, target: Path, index: str) -> None:
    """The CPU build: from where the host's pip looks, else from its own index."""
    pin = (directory / TORCH_FILE).read_text().split("#")[0].strip()
    if not pin:
        return  # an engine without torch
    cpu = f"{pin}+cpu"
    attempts: list[list[str]] = [
        [cpu],
        # No retries: the index is often unreachable where PyPI is reachable.
        [cpu, "--index-url", index, "--retries", "0", "--timeout", "20"],
    ]
    error: SetupError | None = None
    for attempt in attempts:
        try:
            _download(target, attempt, "torch-cpu-unavailable")
        except SetupError as refused:
            error = refused
        else:
            return
    raise SetupError(
        "torch-cpu-unavailable",
        Sentence(
            f"no wheel of {cpu} was found, neither by pip's own settings nor at {index}",
            f"pip 自身的设置与 {index} 均没有 {cpu} 的 wheel",
        ),
        hint=Sentence(
            "set TORCH_INDEX to an index that has it, or PIP_FIND_LINKS to a directory with the wheel",
            "请将 TORCH_INDEX 设为含有它的索引，或将 PIP_FIND_LINKS 设为含有该 wheel 的目录",
        ),
    ) from error


def _download(target: Path, what: Sequence[str], code: str) -> None:
    command = [sys.executable, *_PIP, "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run([*command, "--dest", str(target), *what], code)


def _run(command: list[str], code: str) -> None:
    """Run a step quietly; its last lines become the error.

    Raises:
        SetupError: with `code`.
    """
    # Its own session: a Ctrl-C reaches the suite alone, which then ends the step itself.
    with contextlib.ExitStack() as stack:
        with shielded():
            step = stack.enter_context(
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
            # Does nothing to a step that has ended.
            stack.callback(step.kill)
        try:
            output, _ = step.communicate(timeout=PIP_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise SetupError(
                code,
                Sentence(
                    f"{command[0]} did not end within {PIP_TIMEOUT_S} s",
                    f"{command[0]} 在 {PIP_TIMEOUT_S} 秒内没有结束",
                ),
            ) from error
    if step.returncode != 0:
        lines = output.decode("utf-8", "replace").strip().splitlines()[-8:]
        raise SetupError(
            code,
            Sentence(
                f"a step ended with status {step.returncode}: {' '.join(command[1:])[:300]}\n",
                f"某一步以状态 {step.returncode} 结束：{' '.join(command[1:])[:300]}\n",
            )
            + "\n".join(f"    {line[:300]}" for line in lines),
            hint=Sentence(
                "is the package index reachable, and is the disk not full?",
                "软件包索引是否可达，磁盘是否已满？",
            ),
        )


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SetupError(
            "disk-unwritable",
            unwritable(path, error),
        ) from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time make the same thing; the system drops the lock when a holder dies."""
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
