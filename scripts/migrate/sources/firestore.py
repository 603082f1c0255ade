"""Documents of a Firestore collection, through firebase-admin, which only those who need it install."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from scripts.migrate.errors import MigrateError
from scripts.migrate.sources.interface import Cursor, Page, PointId, Record
from scripts.migrate.sources.rows import plain, point_id

if TYPE_CHECKING:
    from google.cloud.firestore import Client, CollectionReference, Query

_PAGE = 1000


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
            MigrateError: firebase-admin is not installed, or there is no project or no right to read it.
        """
        try:
            import firebase_admin
            from firebase_admin import firestore
        except ImportError as error:
            raise MigrateError("Firestore needs firebase-admin: pip install firebase-admin.") from error
        try:
            app = firebase_admin.initialize_app(name=f"migration of {collection}")
            return cls(firestore.client(app), collection, id_field, only)
        except (ValueError, OSError) as error:  # Google's errors about credentials are OSErrors or ValueErrors
            raise MigrateError(f"Firestore cannot be opened: {error}") from error

    def count(self) -> int:
        """Documents, counted by Firestore."""
        return int(self._all.count().get()[0][0].value)  # type: ignore[call-arg, index]

    def page(self, cursor: Cursor, size: int) -> Page:
        """Documents from an id on, ordered by id."""
        query = self._all.order_by("__name__").limit(size + 1)
        if cursor is not None:
            query = query.start_at({"__name__": self._collection.document(str(cursor))})
        documents = list(query.stream())
        following = documents[size].id if len(documents) > size else None
        return Page([self._record(document) for document in documents[:size]], following)

    def by_ids(self, ids: Sequence[PointId]) -> list[Record]:
        """Documents by their points' ids; reads the collection once, since ids were made from names."""
        wanted = set(ids)
        return [record for record in self._records() if record.id in wanted]

    def sample(self, size: int) -> list[Record]:
        """The first documents."""
        return self.page(None, size).records

    def _records(self) -> Iterator[Record]:
        cursor: Cursor = None
        while True:
            records, cursor = self.page(cursor, _PAGE)
            yield from records
            if cursor is None:
                return

    def _record(self, document: Any) -> Record:
        return Record(point_id(document.id), {self._id_field: document.id} | plain(document.to_dict()))
