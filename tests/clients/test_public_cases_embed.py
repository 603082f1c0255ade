"""What reports of clients say of embedding, each as a request that its client sends. Numbers are those of the list."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.http import reference
from tests.http.server import START_SECONDS, Server
from tests.http.services import EMBED, QUICK_STOP, Service, running
from tests.http.shared import E5

TEXT = "The grey heron stands still and waits."
CHINESE = "苍鹭站在浅水中一动不动等待鱼儿游近然后用长喙迅速刺出把鱼叼住吞下再回到原处继续等待" * 25
"""1,000 characters, a chunk of LangChain's defaults: far over the window."""
SAME = 0.999999
OF_E5 = {"model": E5, "input": TEXT}


@pytest.fixture(scope="module")
def set_otherwise(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with a model that has prompts, and each setting of this page other than by default."""
    settings = {
        "EMBED_MODEL": E5,
        "EMBED_MODEL_ALIASES": "e5-passage:passage, e5-query:query, e5:latest",
        "EMBED_TRUNCATE": "none",
        "EMBED_DEFAULT_INPUT_TYPE": "none",
        "EMBED_TEI_INPUT_TYPE": "query",
        "EMBED_TOKEN_IDS": "own",
        "EMBED_DETECT_PROMPTS": "false",
    }
    with running(EMBED, EMBED.lean | settings | QUICK_STOP, home=home, log=logs / "set-otherwise.log") as service:
        yield service


def send(service: Service, path: str, body: dict[str, Any]) -> httpx.Response:
    """Answer to a request that must be answered."""
    answer = service.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer


def openai(service: Service, **fields: object) -> list[list[float]]:
    """Vectors in the shape of OpenAI's, Jina's and Voyage's answers."""
    return [item["embedding"] for item in send(service, "/v1/embeddings", {**OF_E5, **fields}).json()["data"]]


def native(service: Service, *texts: str, input_type: str) -> list[list[float]]:
    vectors: list[list[float]] = service.post(*texts, input_type=input_type).json()["embeddings"]
    return vectors


def same(some: object, others: object) -> bool:
    return reference.least_cosine(np.array(some), np.array(others)) >= SAME


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"model": E5, "input": ["heron", CHINESE]}),
        ("/embed", {"inputs": ["heron", CHINESE]}),
        ("/embed", {"texts": ["heron", CHINESE]}),
        ("/v1/embed", {"texts": ["heron", CHINESE]}),
        ("/v2/embed", {"model": E5, "texts": ["heron", CHINESE], "input_type": "search_document"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_01_a_chunk_over_the_window_is_truncated_and_named_or_refused_as_the_setting_says(
    e5: Service, set_otherwise: Service, path: str, body: dict[str, Any]
) -> None:
    assert send(e5, path, body).headers["X-Truncated"] == "1"
    assert set_otherwise.server.client.post(path, json=body).status_code in (400, 413, 422)
    field: dict[str, Any] = {"truncate": True if "inputs" in body else "end"}
    assert send(set_otherwise, path, body | field).headers["X-Truncated"] == "1"


def test_01_info_says_what_becomes_of_long_texts(e5: Service, set_otherwise: Service) -> None:
    said = [service.server.client.get("/info").json()["auto_truncate"] for service in (e5, set_otherwise)]
    assert said == [True, False]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/embeddings", OF_E5, "query"),
        ("/v1/embed", {"texts": [TEXT]}, "query"),
        ("/embed", {"texts": [TEXT]}, "query"),
        ("/embed", {"inputs": TEXT}, "none"),
        ("/v1/embeddings", {**OF_E5, "truncation": True}, "query"),
        ("/v1/embeddings", {**OF_E5, "input_type": "passage"}, "passage"),
    ],
    ids=str,
)
def test_02_each_answer_names_the_input_type(e5: Service, path: str, body: dict[str, Any], said: str) -> None:
    assert send(e5, path, body).headers["X-Input-Type"] == said


def test_02_the_log_warns_once_of_requests_that_say_no_input_type(e5: Service) -> None:
    for _ in range(2):
        openai(e5)
    assert e5.server.log.count("say no input type") == 1


def test_02_the_default_may_be_none(set_otherwise: Service) -> None:
    plain = native(set_otherwise, TEXT, input_type="none")
    assert same(openai(set_otherwise), plain)
    assert not same(plain, native(set_otherwise, TEXT, input_type="query"))
    assert "say no input type" not in set_otherwise.server.log


def test_02_teis_dialect_adds_a_prompt_only_where_prompt_name_or_a_setting_asks(
    e5: Service, set_otherwise: Service
) -> None:
    for path in ("/embed", "/"):
        assert same(send(e5, path, {"inputs": TEXT}).json(), native(e5, TEXT, input_type="none"))
        assert same(send(set_otherwise, path, {"inputs": TEXT}).json(), native(e5, TEXT, input_type="query"))
    asked = send(e5, "/embed", {"inputs": TEXT, "prompt_name": "passage"}).json()
    assert same(asked, native(e5, TEXT, input_type="passage"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("document", "passage"),
        ("search_document", "passage"),
        ("retrieval.passage", "passage"),
        ("PASSAGE", "passage"),
        ("search_query", "query"),
        ("retrieval.query", "query"),
        ("none", "none"),
    ],
)
def test_02_names_of_all_vendors_are_understood_everywhere(e5: Service, name: str, meant: str) -> None:
    right = native(e5, TEXT, input_type=meant)
    assert same(native(e5, TEXT, input_type=name), right)
    assert same(openai(e5, input_type=name), right)
    assert same(openai(e5, input_type=name, truncation=True), right)
    assert same(send(e5, "/embed", {"inputs": TEXT, "prompt_name": name}).json(), right)
    assert same(send(e5, "/v1/embed", {"texts": [TEXT], "input_type": name}).json()["embeddings"], right)


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_02_an_alias_may_say_the_type(set_otherwise: Service, kind: str) -> None:
    right = native(set_otherwise, TEXT, input_type=kind)
    assert same(openai(set_otherwise, model=f"e5-{kind}"), right)
    cohere = {"texts": [TEXT], "model": f"e5-{kind}"}
    assert same(send(set_otherwise, "/v1/embed", cohere).json()["embeddings"], right)
    other = openai(set_otherwise, model=f"e5-{kind}", input_type="none")
    assert same(other, native(set_otherwise, TEXT, input_type="none")), "a request's own field goes before it"


def test_02_other_suffixes_are_part_of_the_name(set_otherwise: Service) -> None:
    names = [model["id"] for model in set_otherwise.server.client.get("/v1/models").json()["data"]]
    assert names == [E5, "e5-passage", "e5-query", "e5:latest"]
    assert same(openai(set_otherwise, model="e5:latest"), native(set_otherwise, TEXT, input_type="none"))


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_03_a_text_that_begins_with_a_prompt_gets_none(e5: Service, kind: str) -> None:
    before = e5.server.metric("duobento_texts_with_prompt_total")
    answer = e5.post(f"{kind}: {TEXT}", TEXT, input_type="query").json()
    assert same(answer["embeddings"][:1], native(e5, TEXT, input_type=kind))
    assert e5.server.metric("duobento_texts_with_prompt_total") == before + 1


def test_03_it_keeps_its_prompt_when_it_loses_its_start(e5: Service) -> None:
    long = "heron " * 2000
    kept = e5.post(f"passage: {long}", truncate="start", input_type="query").json()["embeddings"]
    assert same(kept, e5.post(long, truncate="start", input_type="passage").json()["embeddings"])


def test_03_unless_a_setting_says_otherwise(e5: Service, set_otherwise: Service) -> None:
    twice = native(set_otherwise, f"passage: {TEXT}", input_type="query")
    assert same(twice, native(e5, f"query: passage: {TEXT}", input_type="none"))


@pytest.mark.parametrize("given", [[1820, 20579, 39640], [[1820, 20579, 39640], [7, 8]], ["heron", [7, 8]]], ids=str)
def test_04_token_ids_of_openais_tokenizer_are_refused_with_what_to_do(embed: Service, given: list[object]) -> None:
    body = {"model": EMBED.model, "input": given, "encoding_format": "base64"}
    answer = embed.server.client.post("/v1/embeddings", json=body)
    assert answer.status_code == 400
    assert "check_embedding_ctx_length=False" in answer.json()["error"]["message"]


def test_04_unless_a_setting_takes_them_as_the_models_own(set_otherwise: Service) -> None:
    tokens = send(set_otherwise, "/v1/tokenize", {"text": TEXT, "model": E5}).json()["tokens"]
    for given in (tokens, [tokens]):
        assert same(openai(set_otherwise, input=given), native(set_otherwise, TEXT, input_type="none"))


def test_04_cl100k_needs_tiktoken_and_says_so(home: Path, logs: Path) -> None:
    settings = EMBED.lean | {"EMBED_TOKEN_IDS": "cl100k"}
    with Server(EMBED.target, home=home, log=logs / "cl100k.log", settings=settings) as server:
        assert server.process.wait(START_SECONDS) != 0
    assert "EMBED_TOKEN_IDS=cl100k needs tiktoken" in server.log


@pytest.mark.parametrize("path", ["/embed", "/"])
def test_05_haystacks_tei_embedders_want_vectors_as_the_model_makes_them(embed: Service, path: str) -> None:
    plain = send(embed, path, {"inputs": [TEXT], "normalize": False, "truncate": True}).json()
    assert same(plain, embed.post(TEXT).json()["embeddings"])
    assert np.linalg.norm(plain) == pytest.approx(1, abs=1e-5)


JINA: dict[str, Any] = {
    "model": E5,
    "task": "retrieval.passage",
    "embedding_type": "float",
    "normalized": True,
    "truncate": True,
}
"""As jina-ai-provider sends it."""


def test_07_jinas_clients_send_objects_and_a_task(e5: Service) -> None:
    right = native(e5, TEXT, input_type="passage")
    assert same(openai(e5, input=[{"text": TEXT}], **JINA), right)
    assert same(openai(e5, input={"text": TEXT}, **JINA | {"late_chunking": False}), right)
    assert same(openai(e5, **JINA | {"task": "retrieval.query"}), native(e5, TEXT, input_type="query"))


@pytest.mark.parametrize("kind", ["base64", "binary", "ubinary", "int8", "uint8", ["binary"]], ids=str)
def test_07_their_types_are_those_of_all_dialects(e5: Service, kind: Any) -> None:
    wanted = kind if isinstance(kind, str) else kind[0]
    cohere = {"texts": [TEXT], "input_type": "search_document", "embedding_types": [wanted]}
    right = send(e5, "/v1/embed", cohere).json()["embeddings"][wanted]
    assert openai(e5, **JINA | {"embedding_type": kind}) == right


def test_07_their_truncate_is_a_boolean(e5: Service) -> None:
    body = {"input": [{"text": CHINESE}], **JINA}
    assert send(e5, "/v1/embeddings", body).headers["X-Truncated"] == "0"
    assert e5.server.client.post("/v1/embeddings", json=body | {"truncate": False}).status_code == 400


@pytest.mark.parametrize(
    "field",
    [
        {"late_chunking": True},
        {"return_multivector": True},
        {"modality": "image"},
        {"add_special_tokens": False},
        {"embed_dtype": "float16"},
        {"endianness": "big"},
        {"instruction": "Represent the text"},
        {"embedding_type": ["float", "int8"]},
        {"task": "retrieval.query", "input_type": "passage"},
        {"truncate_prompt_tokens": 9, "truncate": "none"},
    ],
    ids=str,
)
def test_07_what_would_change_the_result_and_is_not_there_is_refused(e5: Service, field: dict[str, Any]) -> None:
    answer = e5.server.client.post("/v1/embeddings", json=OF_E5 | field)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_07_vllms_clients_cut_by_tokens(e5: Service) -> None:
    long = "heron " * 50
    for side, ours in (("right", "end"), ("left", "start")):
        body = {**OF_E5, "input": long, "truncate_prompt_tokens": 20, "truncation_side": side}
        answer = send(e5, "/v1/embeddings", body)
        assert (answer.json()["usage"]["total_tokens"], answer.headers["X-Truncated"]) == (20, "0"), ours
    assert "X-Truncated" not in send(e5, "/v1/embeddings", {**OF_E5, "truncate_prompt_tokens": -1}).headers
    assert send(e5, "/v1/embeddings", {**OF_E5, "input": CHINESE, "truncate_prompt_tokens": 100_000}).headers[
        "X-Truncated"
    ]


@pytest.mark.parametrize("truncate", ["NONE", "END", "None", None])
def test_08_nvidias_clients_write_values_in_capitals_or_null(e5: Service, truncate: str | None) -> None:
    assert same(openai(e5, input_type="passage", truncate=truncate), native(e5, TEXT, input_type="passage"))


@pytest.mark.parametrize(
    ("path", "field", "rest"),
    [
        ("/v1/embeddings", "input", {"model": EMBED.model}),
        ("/v1/embeddings", "input", {"model": EMBED.model, "truncation": True}),
        ("/embed", "inputs", {}),
        ("/v1/embed", "texts", {}),
        ("/v2/embed", "texts", {"model": EMBED.model, "input_type": "search_query"}),
    ],
    ids=str,
)
def test_10_a_text_of_white_space_is_embedded_and_only_an_empty_one_refused(
    embed: Service, path: str, field: str, rest: dict[str, Any]
) -> None:
    for blank in (" ", "\n\t", "\u3000"):
        send(embed, path, {field: ["heron", blank], **rest})
    refused = embed.server.client.post(path, json={field: ["heron", ""], **rest})
    assert refused.status_code in (400, 422)
    assert f"{field}.1" in refused.text


def test_10_natively_it_is_refused(embed: Service) -> None:
    assert embed.post("heron", " ").status_code == 422


@pytest.mark.parametrize("path", ["/v1/embeddings", "/embeddings"])
def test_09_a_request_without_a_model_is_the_served_ones(e5: Service, path: str) -> None:
    answer = send(e5, path, {"input": TEXT, "input_type": "passage"}).json()
    assert answer["model"] == E5
    assert same([item["embedding"] for item in answer["data"]], native(e5, TEXT, input_type="passage"))


def test_09_info_has_all_keys_of_text_embeddings_inference(embed: Service, rerank: Service) -> None:
    for service in (embed, rerank):
        assert service.server.client.get("/info").json().keys() >= {
            *("model_id", "model_sha", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length"),
            *(
                "max_batch_tokens",
                "max_batch_requests",
                "max_client_batch_size",
                "auto_truncate",
                "tokenization_workers",
            ),
            *("version", "sha", "docker_label"),
        }
        assert service.server.client.get("/info").json()["model_dtype"] == "float32"


def test_09_tokenize_lists_tokens_with_their_places(embed: Service) -> None:
    [tokens] = send(embed, "/tokenize", {"inputs": "Herons wade."}).json()
    assert [token["text"] for token in tokens] == ["[CLS]", "Heron", "s", "wade", ".", "[SEP]"]
    assert [token["special"] for token in tokens] == [True, False, False, False, False, True]
    assert tokens[3] == {"id": 10653, "text": "wade", "special": False, "start": 7, "stop": 11}
    assert (tokens[0]["start"], tokens[0]["stop"]) == (None, None)
    several = send(embed, "/tokenize", {"inputs": ["Herons", "wade."], "add_special_tokens": False}).json()
    assert [[token["id"] for token in each] for each in several] == [[22914, 2015], [10653, 1012]]


def test_09_tokenize_puts_a_prompt_in_front_if_asked(e5: Service) -> None:
    [plain] = send(e5, "/tokenize", {"inputs": TEXT}).json()
    [prompted] = send(e5, "/tokenize", {"inputs": TEXT, "prompt_name": "passage"}).json()
    assert len(prompted) > len(plain)
    refused = e5.server.client.post("/tokenize", json={"inputs": TEXT, "prompt_name": "heron"})
    assert (refused.status_code, refused.json()["error_type"]) == (422, "Validation")


def test_09_tokenize_wants_a_text(embed: Service) -> None:
    refused = embed.server.client.post("/tokenize", json={"inputs": []})
    assert (refused.status_code, refused.json()) == (400, {"error": "`inputs` cannot be empty", "error_type": "Empty"})


def test_09_tokenize_is_bounded(embed: Service) -> None:
    for inputs in ("heron " * 50_001, ["heron " * 25_001] * 2):
        assert embed.server.client.post("/tokenize", json={"inputs": inputs}).status_code == 413


def test_09_decode_gives_the_texts_of_token_ids(embed: Service) -> None:
    assert send(embed, "/decode", {"ids": [101, 22914, 2015, 10653, 1012, 102]}).json() == ["herons wade."]
    kept = send(embed, "/decode", {"ids": [[101, 22914, 2015, 102]], "skip_special_tokens": False}).json()
    assert kept == ["[CLS] herons [SEP]"]
    assert embed.server.client.post("/decode", json={"ids": [30522]}).status_code == 422


def test_09_similarity_is_the_cosine_of_the_vectors(embed: Service) -> None:
    sentences = ["A heron waits.", "office hours"]
    given = {"source_sentence": TEXT, "sentences": sentences}
    found = send(embed, "/similarity", {"inputs": given}).json()
    source, *others = embed.post(TEXT, *sentences).json()["embeddings"]
    assert found == pytest.approx(np.array(others) @ np.array(source), abs=1e-5)


def test_09_similarity_names_what_was_truncated(embed: Service) -> None:
    body = {"inputs": {"source_sentence": CHINESE, "sentences": ["heron", CHINESE]}}
    assert send(embed, "/similarity", body).headers["X-Truncated"] == "source_sentence,1"
    refused = embed.server.client.post("/similarity", json={**body, "parameters": {"truncate": False}})
    assert (refused.status_code, refused.json()["error"].partition(":")[0]) == (413, "inputs.source_sentence")


@pytest.mark.parametrize("content", [b'{"input": "heron", "task": "no such"}', b"{", b'{"input": "heron", "input": 1}'])
def test_12_jinas_clients_read_detail_of_an_error(embed: Service, content: bytes) -> None:
    answer = embed.server.client.post("/v1/embeddings", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] in answer.json()["detail"]


def test_13_voyages_client_says_document_and_litellm_no_content_type(e5: Service) -> None:
    right = native(e5, TEXT, input_type="passage")
    for fields in ({"truncation": True}, {}):
        assert same(openai(e5, input_type="document", **fields), right)
    content = b'{"model": "%s", "input": ["%s"], "input_type": "document"}' % (E5.encode(), TEXT.encode())
    answer = e5.server.client.post("/v1/embeddings", content=content)
    assert "Content-Type" not in answer.request.headers
    assert same([item["embedding"] for item in answer.json()["data"]], right)


def test_18_explicit_nulls_are_absent_fields(e5: Service) -> None:
    nulls = dict.fromkeys(("truncate", "truncation_direction", "normalize", "prompt_name", "dimensions"))
    assert same(send(e5, "/embed", {"inputs": TEXT, **nulls}).json(), native(e5, TEXT, input_type="none"))
    nulls = dict.fromkeys(("truncate", "encoding_format", "input_type", "priority"))
    assert send(e5, "/embed", {"texts": [TEXT], **nulls}).json()["input_type"] == "query"


@pytest.mark.parametrize("path", ["/v1/embed", "/v2/embed"])
def test_14_litellms_usage_page_reads_meta_tokens(e5: Service, path: str) -> None:
    answer = send(e5, path, {"model": E5, "texts": [TEXT], "input_type": "search_query"}).json()
    tokens = e5.post(TEXT, input_type="query").json()["tokens"]
    assert answer["meta"]["tokens"] == {"input_tokens": tokens, "output_tokens": 0}
    assert answer["meta"]["billed_units"] == {"input_tokens": tokens}


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
def test_19_apps_that_test_a_connection_find_the_model(e5: Service, path: str) -> None:
    found = e5.server.client.get(path).json()
    assert found["data"][0]["id"] == E5
    assert e5.server.client.get(f"{path}/{E5}").json()["id"] == E5
    assert e5.server.client.get(path, params={"endpoint": "embed"}).json() == found


@pytest.mark.parametrize("truncate", ["end", "END", "Start", "none", None])
def test_22_elasticsearch_writes_coheres_values_in_lower_case(e5: Service, truncate: str | None) -> None:
    for path in ("/v1/embed", "/v2/embed"):
        body = {"model": E5, "texts": [TEXT], "input_type": "search_query", "truncate": truncate}
        assert send(e5, path, body).headers["X-Input-Type"] == "query"
