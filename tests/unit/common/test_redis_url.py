"""URLs of all kinds, and sentences about wrong ones that do not repeat a password."""

import pytest

from bentos.common.redis_url import RedisURL


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://u:p@host:6380/2?ssl_ca_certs=/ca.pem", "unix:///run/r"])
def test_urls_of_one_server_are_left_to_redis_py(url: str) -> None:
    address = RedisURL.parse(url)
    assert (address.topology, address.url, address.nodes) == ("server", url, ())


def test_a_cluster_has_several_nodes_and_a_password() -> None:
    address = RedisURL.parse("rediss+cluster://bird:h%40ron@one:7000,[::1]:7001,three?ssl_ca_certs=/ca.pem")
    assert address.topology == "cluster"
    assert address.nodes == (("one", 7000), ("::1", 7001), ("three", 6379))
    assert address.options == {"username": "bird", "password": "h@ron", "ssl_ca_certs": "/ca.pem"}
    assert address.tls


def test_sentinels_watch_over_a_master() -> None:
    address = RedisURL.parse("redis+sentinel://:secret@one,two:26380/herons/3")
    assert address.nodes == (("one", 26379), ("two", 26380))
    assert (address.master, address.options, address.tls) == ("herons", {"password": "secret", "db": 3}, False)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:secret@localhost",
        "redis+clutser://:secret@localhost",
        "unix+cluster:///secret",
        "redis://:secret@localhost:port",
        "redis://:secret/2@localhost",
        "redis+cluster://bird:secret/2@localhost",
        "redis+cluster://:secret@",
        "redis+sentinel://:secret@localhost:26379",
    ],
)
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="Not the URL of a Redis") as refused:
        RedisURL.parse(url)
    assert "secret" not in str(refused.value)
