"""A model from the Hugging Face hub, by id and revision."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2  # huggingface_hub's HTTP client
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from scripts.command import UnreachableError, UsageError
from scripts.models.sources.selection import link_files, needed_files
from scripts.models.sources.source import Prepared

_LOOKUP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class HubModel:
    """A repository on the hub. Downloads go through the hub client's cache, so a broken one resumes."""

    model_id: str
    requested_revision: str | None = None
    say: Callable[[str], None] = print

    def revision(self) -> None:
        """None: only the hub knows."""

    def prepare(self, work: Path) -> Prepared:
        """Download what is needed at the revision's commit and link it.

        Raises:
            UnreachableError: The hub is unreachable.
            UsageError: The model or revision is unknown or gated there.
        """
        with _one_sentence_errors(self.model_id, self.requested_revision):
            info = HfApi().model_info(
                self.model_id,
                revision=self.requested_revision,
                files_metadata=True,
                timeout=_LOOKUP_TIMEOUT_S,
            )
            sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
            names = needed_files(sizes)
            if info.sha is None or not names:
                raise UsageError(f"{self.model_id} holds no model files on the hub.")
            megabytes = sum(sizes[name] for name in names) / 1e6
            self.say(f"  downloading {len(names)} of {len(sizes)} files, {megabytes:.0f} MB")
            snapshot = snapshot_download(self.model_id, revision=info.sha, allow_patterns=names)
        link_files(Path(snapshot), work)
        provenance = {"source": f"{constants.ENDPOINT}/{self.model_id}"}
        if self.requested_revision:
            provenance["requested_revision"] = self.requested_revision
        return Prepared(work, info.sha, provenance)


@contextmanager
def _one_sentence_errors(model_id: str, revision: str | None) -> Iterator[None]:
    unreachable = (
        f"The model hub at {constants.ENDPOINT} cannot be reached, so {model_id} cannot be downloaded; "
        f"with a copy of it run `python -m scripts.models install FOLDER --id {model_id}`."
    )
    try:
        yield
    except GatedRepoError as error:
        raise UsageError(f"{model_id} is gated on the hub: accept its terms there and run `hf auth login`.") from error
    except RevisionNotFoundError as error:
        raise UsageError(f"{model_id} has no revision {revision} on the hub.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise UsageError(
            f"{model_id} is neither a preset, nor a folder here, nor a public model on the hub."
        ) from error
    except OfflineModeIsEnabled as error:
        raise UnreachableError(f"Offline mode is on (HF_HUB_OFFLINE). {unreachable}") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise UnreachableError(f"The model hub answered {status} for {model_id}: try again later.") from error
    except (httpx2.HTTPError, LocalEntryNotFoundError, OSError) as error:
        raise UnreachableError(unreachable) from error
