"""Files of a run into a dataset repository of the Hugging Face Hub, by its own client: one commit for all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence


def upload(files: Sequence[Path], repository: str, folder: str) -> str:
    """Upload files; the repository is made where there is none.

    Address and token are the client's own: ``HF_ENDPOINT``, ``HF_TOKEN``, or who logged in.

    Args:
        files: one at least; below what they have in common they keep their folders.
        repository: OWNER/NAME.
        folder: where in the repository; empty for its top.

    Returns:
        Address of the commit.

    Raises:
        SetupError: ``hub-refused``.
    """
    # Imported here: no other use of this command needs the Hub's client, and it takes a second to load.
    from huggingface_hub import CommitOperationAdd, HfApi, errors

    common = Path(os.path.commonpath([file.parent for file in files]))
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    try:
        operations = [
            CommitOperationAdd(
                path_in_repo=(Path(folder) / file.relative_to(common)).as_posix(),
                path_or_fileobj=file,
            )
            for file in files
        ]
        api.create_repo(repository, repo_type="dataset", exist_ok=True)
        commit = api.create_commit(
            repository,
            operations,
            commit_message=f"Add {', '.join(file.name for file in files)[:100]}",
            repo_type="dataset",
        )
    # The base of all errors of the library that the client sends with, whichever that is; what the client raises for
    # a large file that did not arrive; and where an answer is not a Hub's.
    except (
        *(errors.HTTPError, OSError, ValueError),  # type: ignore[attr-defined]  # the client names it without saying so
        *(RuntimeError, LookupError, TypeError),
    ) as cause:
        reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
        if isinstance(cause, LookupError | TypeError):
            reason = f"{api.endpoint} does not answer as a Hub: {reason}"
        hint = Sentence(
            "log in with `hf auth login`, or export HF_TOKEN; the files are kept",
            "请以 `hf auth login` 登录，或设置 HF_TOKEN；文件已保留",
        )
        message = Sentence(
            f"{repository} did not take the files: {reason}", f"{repository} 未接受文件：{reason}"
        )
        raise SetupError("hub-refused", message, hint=hint) from cause
    return str(commit.commit_url)
