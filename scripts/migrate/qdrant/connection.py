"""Qdrant as a server or as the embedded engine in a folder: what differs between them is here."""

import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from scripts.command import UnreachableError, UsageError, reason
from scripts.qdrant import folder_of, server_client

_TIMEOUT_SECONDS = 120
_POLL_SECONDS = 1.0
_SERVER_ERROR = 500
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Storage:
    """A connection.

    Attributes:
        folder: folder of the embedded engine; None with a server.
    """

    client: QdrantClient
    folder: Path | None

    def resolve(self, name: str) -> str | None:
        """The collection behind an alias; None if there is no such alias."""
        aliases = self.client.get_aliases().aliases
        return next((alias.collection_name for alias in aliases if alias.alias_name == name), None)

    def back_up(self, collection: str) -> str:
        """Snapshot on the server, or a copy of the folder's files; where it is."""
        if self.folder is None:
            snapshot = self.client.create_snapshot(collection, wait=True)
            if snapshot is None:
                raise UnreachableError(
                    f"Qdrant made no snapshot of {collection}: see its log, or go on with --no-backup."
                )
            return f"snapshot {snapshot.name} of {collection}"
        copy = self.folder / "backups" / f"{collection}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        shutil.copytree(self.folder / "collection" / collection, copy, dirs_exist_ok=True)
        shutil.copy2(self.folder / "meta.json", copy / "meta.json")
        return str(copy)

    def free_bytes(self) -> int | None:
        """Free bytes on the folder's disk; None with a server, which does not tell."""
        return None if self.folder is None else shutil.disk_usage(self.folder).free

    def wait_until_indexed(self, collection: str) -> None:
        """Wait for the server's optimizer; the embedded engine has no index and is always green."""
        while True:
            info = self.client.get_collection(collection)
            if info.status == models.CollectionStatus.GREEN:
                return
            if info.status == models.CollectionStatus.RED:
                raise UnreachableError(f"Qdrant's optimizer failed on {collection}: {info.optimizer_status}.")
            time.sleep(_POLL_SECONDS)


@contextmanager
def connected(url: str, api_key: str) -> Iterator[Storage]:
    """A block with a connection.

    Raises:
        UnreachableError: nothing answers.
        UsageError: another process has the folder open.
    """
    warnings.filterwarnings("ignore", message="Local mode is not recommended|Payload indexes have no effect")
    warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
    folder = folder_of(url)
    try:
        if folder is None:
            client = server_client(url, api_key, _TIMEOUT_SECONDS)
            client.get_collections()
        else:
            if not folder.is_dir():
                raise UsageError(
                    f"{folder} is not a directory: set QDRANT_URL to Qdrant's URL or to an existing folder."
                )
            # Calls come from several threads, never two at a time.
            client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)
    except (ApiException, OSError) as error:
        raise UnreachableError(f"Qdrant does not answer at {url}: {reason(error)}.") from error
    except RuntimeError as error:
        raise UsageError(f"Another process has {folder} open: {reason(error)}.") from error
    try:
        yield Storage(client, folder)
    finally:
        client.close()


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: connection lost, server busy or restarting."""
    if isinstance(error, UnexpectedResponse):
        status = error.status_code or 0
        return status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS
    return isinstance(error, UnreachableError | ResponseHandlingException | ConnectionError | TimeoutError)
