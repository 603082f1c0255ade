"""OpenAI's Python SDK. E5 embeds queries and passages differently: `input_type` says which, as an extra field."""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("EMBED_SERVICE_URL", "http://localhost:5555") + "/v1",
    api_key=os.environ.get("SERVICE_API_KEY", "none"),
)
model = os.environ.get("EMBED_MODEL") or client.models.list().data[0].id  # the served one


def embed(texts: list[str], input_type: str) -> list[list[float]]:
    """Unit vectors of the texts."""
    answer = client.embeddings.create(input=texts, model=model, extra_body={"input_type": input_type})
    return [item.embedding for item in answer.data]


passages = ["The office opens at nine.", "A heron stands still and spears fish."]
[query] = embed(["How does a heron hunt?"], "query")
for passage, vector in zip(passages, embed(passages, "passage"), strict=True):
    similarity = sum(left * right for left, right in zip(query, vector, strict=True))
    print(f"{similarity:.3f} {passage}")
