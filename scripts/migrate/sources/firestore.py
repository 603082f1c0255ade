"""Documents of a Firestore collection, through firebase-admin, which only those who need it install."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scripts.command import UnreachableError, UsageError, reason
from scripts.migrate.sources.interface import Cursor, Page, Record
from scripts.migrate.sources.rows import plain, point_id

if TYPE_CHECKING:
    from google.cloud.firestore import Client, CollectionReference, Query


class FirestoreSource:
    """A collection, such as `contacts` or `users/ada/contacts`; a cursor is a document's id.

    A document's id is in the payload as `id_field`, unless the document has such a field.
    """

    def __init__(self, client: "Client", collection: str, id_field: str, only: tuple[str, str] | None) -> None:
        self.name = f"firestore:{collection}"
        self._id_field = id_field
        self._collection = client.collection(collection)
        self._all: Query | CollectionReference = (
            self._collection.where(field_path=only[0], op_string="==", value=only[1]) if only else (self._collection)
        )

    @classmethod
    def connect(cls, collection: str, id_field: str, only: tuple[str, str] | None) -> "FirestoreSource":
        """With Google's own settings: GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_CLOUD_PROJECT, FIRESTORE_EMULATOR_HOST.

        Raises:
            UsageError: firebase-admin is not installed, or there is no project or no credentials.
        """
        try:
            import firebase_admin
            from firebase_admin import firestore
        except ImportError as error:
            raise UsageError("Firestore needs firebase-admin: pip install firebase-admin.") from error
        with _in_one_sentence():
            app = firebase_admin.initialize_app(name=f"migration of {collection}")
            return cls(firestore.client(app), collection, id_field, only)

    def count(self) -> int:
        """Documents, counted by Firestore."""
        with _in_one_sentence():
            return int(self._all.count().get()[0][0].value)  # type: ignore[call-arg, index]

    def page(self, cursor: Cursor, size: int) -> Page:
        """Documents from an id on, ordered by id."""
        query = self._all.order_by("__name__").limit(size + 1)
        if cursor is not None:
            query = query.start_at({"__name__": self._collection.document(str(cursor))})
        with _in_one_sentence():
            documents = list(query.stream())
        following = documents[size].id if len(documents) > size else None
        return Page([self._record(document) for document in documents[:size]], following)

    def sample(self, size: int) -> list[Record]:
        """The first documents."""
        return self.page(None, size).records

    def _record(self, document: Any) -> Record:
        return Record(point_id(document.id), {self._id_field: document.id} | plain(document.to_dict()))


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """A block whose errors are the migration's.

    Raises:
        UnreachableError: Google may answer later.
        UsageError: it will not, as credentials, rights or a project are missing.
    """
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    try:
        yield
    except (api.ServerError, api.TooManyRequests, api.RetryError, auth.TransportError) as error:
        raise UnreachableError(f"Firestore does not answer as it should: {reason(error)}.") from error
    except (api.GoogleAPIError, auth.GoogleAuthError) as error:
        raise UsageError(f"Firestore refuses the migration: {reason(error)}.") from error
    except (ValueError, OSError) as error:
        raise UsageError(f"Firestore cannot be opened: {reason(error)}.") from error
