"""sentence-transformers behind Flask: the usual first service. Run by gunicorn, which calls `create`."""

from flask import Flask, Response, jsonify, request
from sentence_transformers import CrossEncoder, SentenceTransformer


def create(model: str, kind: str) -> Flask:
    """Load a model folder before gunicorn forks its workers."""
    return _encoder(model) if kind == "encoder" else _cross_encoder(model)


def _application() -> Flask:
    app = Flask(__name__)

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="ok")

    return app


def _encoder(folder: str) -> Flask:
    app, model = _application(), SentenceTransformer(folder, device="cpu")

    @app.post("/embed")
    def embed() -> Response:
        vectors = model.encode(request.get_json()["texts"], normalize_embeddings=True, show_progress_bar=False)
        return jsonify(embeddings=vectors.tolist())

    return app


def _cross_encoder(folder: str) -> Flask:
    app, model = _application(), CrossEncoder(folder, device="cpu")

    @app.post("/rerank")
    def rerank() -> Response:
        body = request.get_json()
        pairs = [(body["query"], document) for document in body["documents"]]
        return jsonify(scores=model.predict(pairs, show_progress_bar=False).tolist())

    return app
