"""Firestore's wire protocol as far as the migration and its tests use it, on gRPC and Google's own messages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.cloud.firestore_v1 import types

SERVICE = "google.firestore.v1.Firestore"


class Documents:
    """Documents by full name, and the calls on them.

    Attributes:
        faults: statuses of the next answers to queries; None answers.
    """

    def __init__(self) -> None:
        self._documents: dict[str, Any] = {}
        self.queries: list[Any] = []
        self.faults: list[grpc.StatusCode | None] = []

    def commit(self, request: Any, _: grpc.ServicerContext) -> Any:
        for write in request.writes:
            self._documents[write.update.name] = write.update
        return types.CommitResponse(write_results=[types.WriteResult() for _ in request.writes])

    def run_query(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        self.queries.append(request.structured_query)
        if self.faults and (fault := self.faults.pop(0)):
            context.abort(fault, "fault of a test")
        found = self._found(request.parent, request.structured_query)
        yield from (types.RunQueryResponse(document=document) for document in found)
        if not found:
            yield types.RunQueryResponse(read_time={"seconds": 1})

    def run_aggregation_query(self, request: Any, _: grpc.ServicerContext) -> Iterator[Any]:
        query = request.structured_aggregation_query
        count = len(self._found(request.parent, query.structured_query))
        fields = {query.aggregations[0].alias: types.Value(integer_value=count)}
        yield types.RunAggregationQueryResponse(
            result=types.AggregationResult(aggregate_fields=fields), read_time={"seconds": 1}
        )

    def _found(self, parent: str, query: Any) -> list[Any]:
        folder = f"{parent}/{query.from_[0].collection_id}/"
        names = sorted(name for name in self._documents if name.rpartition("/")[0] + "/" == folder)
        wanted = query.where.field_filter
        if wanted.field.field_path:
            path = wanted.field.field_path
            names = [name for name in names if self._documents[name].fields.get(path) == wanted.value]
        if query.start_at.values:
            names = [name for name in names if name >= query.start_at.values[0].reference_value]
        limit = int(query.limit) if query.limit else len(names)
        return [self._documents[name] for name in names[:limit]]


@contextmanager
def firestore_server() -> Iterator[tuple[str, Documents]]:
    """A block with the server's address and its documents."""
    documents = Documents()
    calls = {
        "Commit": grpc.unary_unary_rpc_method_handler(
            documents.commit, types.CommitRequest.deserialize, types.CommitResponse.serialize
        ),
        "RunQuery": grpc.unary_stream_rpc_method_handler(
            documents.run_query, types.RunQueryRequest.deserialize, types.RunQueryResponse.serialize
        ),
        "RunAggregationQuery": grpc.unary_stream_rpc_method_handler(
            documents.run_aggregation_query,
            types.RunAggregationQueryRequest.deserialize,
            types.RunAggregationQueryResponse.serialize,
        ),
    }
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, calls),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", documents
    finally:
        server.stop(None)
