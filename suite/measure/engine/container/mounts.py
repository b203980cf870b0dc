"""What a mount of the plan becomes: links that lead out of a directory dangle inside a container, so their files go in.

The Hugging Face cache is such a directory: ``snapshots/<revision>/config.json -> ../../blobs/<digest>``.
"""

from __future__ import annotations

from pathlib import Path

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.documents.engine import Mount


def bound(mount: Mount) -> list[Mount]:
    """The bind mounts that show a container what the host sees below the mount's source.

    Returns:
        One mount of the resolved source; where links lead out of it, one for each of its entries instead. Nothing
        is copied. A directory that is to be written stays as it is.

    Raises:
        SetupError: ``mount-missing``: the source does not exist, or holds a link to nothing.
    """
    if not Path(mount.source).exists():
        raise SetupError(
            "mount-missing",
            Sentence(
                f"{mount.source} is to be mounted and does not exist",
                f"要挂载的 {mount.source} 不存在",
            ),
        )
    source = Path(mount.source).resolve()
    whole = Mount(source=str(source), target=mount.target, read_only=mount.read_only)
    if not mount.read_only or not source.is_dir() or not _leads_out(source, source):
        return [whole]
    entries: list[Mount] = []
    for entry in sorted(source.iterdir()):
        inner = Mount(source=str(entry), target=f"{mount.target}/{entry.name}", read_only=True)
        entries += bound(inner)
    return entries


def _leads_out(directory: Path, root: Path) -> bool:
    """Whether a link below a directory leads out of it.

    Raises:
        SetupError: ``mount-missing``: a link leads to nothing.
    """
    out = False
    for entry in directory.iterdir():
        if entry.is_symlink():
            if not entry.exists():
                raise SetupError(
                    "mount-missing",
                    Sentence(
                        f"{entry} is a link to {entry.readlink()}, which does not exist",
                        f"{entry} 是指向 {entry.readlink()} 的链接，而后者不存在",
                    ),
                    hint=Sentence(
                        "fetch the model again, or copy it with its links resolved (cp -rL)",
                        "请重新获取模型，或复制时解析其链接（cp -rL）",
                    ),
                )
            out |= not entry.resolve().is_relative_to(root)
        elif entry.is_dir():
            out |= _leads_out(entry, root)
    return out
