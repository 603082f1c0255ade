"""Commits of GitHub's actions, by git."""

import os
import subprocess

from scripts.command import UnreachableError, UsageError

_GITHUB = "https://github.com"
_SECONDS = 60


def commit_of(action: str, tag: str) -> str:
    """The commit that a tag or branch of an action names now.

    Args:
        action: `owner/repository`, or a folder in one.
        tag: such as `v4`.

    Raises:
        UnreachableError: the repository cannot be reached.
        UsageError: it has no such tag.
    """
    repository = "/".join(action.split("/")[:2])
    # With ^{} the commit of an annotated tag, which is an object of its own.
    references = (f"refs/tags/{tag}^{{}}", f"refs/tags/{tag}", f"refs/heads/{tag}")
    try:
        listed = subprocess.run(
            ["git", "ls-remote", f"{_GITHUB}/{repository}", *references],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
        )
    except subprocess.TimeoutExpired:
        raise UnreachableError(f"{_GITHUB}/{repository} does not answer, and pinning needs a network.") from None
    if listed.returncode:
        reason = listed.stderr.strip().splitlines()[-1:] or ["git fails"]
        raise UnreachableError(f"{_GITHUB}/{repository} cannot be read, and pinning needs a network: {reason[0]}")
    commits = {name: commit for commit, name in (line.split("\t") for line in listed.stdout.splitlines())}
    for reference in references:
        if reference in commits:
            return commits[reference]
    raise UsageError(f"{_GITHUB}/{repository} has no tag or branch {tag}.")
