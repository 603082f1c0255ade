"""Cohere v1's routes of tokens and keys are on both services, each with its model's tokens."""

from tests.http.services import Service


def test_tokens_are_those_of_the_services_model_and_give_the_text_back(service: Service) -> None:
    client, model = service.server.client, service.kind.model
    answer = client.post("/v1/tokenize", json={"text": "a heron wades!", "model": model}).json()
    [own] = client.post("/tokenize", json={"inputs": "a heron wades!", "add_special_tokens": False}).json()
    assert answer["tokens"] == [token["id"] for token in own]
    assert len(answer["token_strings"]) == len(answer["tokens"])
    assert client.post("/v1/detokenize", json={"tokens": answer["tokens"], "model": model}).json()["text"] == (
        "a heron wades!"
    )


def test_another_model_is_404(service: Service) -> None:
    for path, body in (("/v1/tokenize", {"text": "heron"}), ("/v1/detokenize", {"tokens": [5]})):
        assert service.server.client.post(path, json=body | {"model": "command"}).status_code == 404


def test_a_key_is_checked(service: Service) -> None:
    assert service.server.client.post("/v1/check-api-key").json() == {"valid": True}
