"""Settings that both services share; `environment.py` reads them.

`ServerSettings` has no prefix, `CacheSettings` has `CACHE_` and `TracesSettings` has `TRACES_`, so that one variable
sets both services.
`EngineSettings` is the base of each service's own class, which gives it the prefix `EMBED_` or `RERANK_`.
"""

import re
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bentos.common.bounds import MOST_BODY_BYTES
from bentos.common.redis_url import RedisURL
from bentos.common.resources import cpu_limit

UNNAMED_KEY = "unnamed"
"""What keys without a name are called."""
NO_KEY = "none"
"""What requests without a right key are counted under."""
_KEY_NAME = re.compile(r"[A-Za-z][\w-]{0,31}", re.ASCII)
# As a browser writes it, who compares letter by letter: lower case, a port only if it is not the scheme's.
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^\s/?#@A-Z]+")


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_comma_separated)]


class APIKey(NamedTuple):
    """A key that opens the service.

    Attributes:
        name: under which its requests are counted and logged.
        key: what a client sends.
    """

    name: str
    key: SecretStr

    @classmethod
    def parse(cls, text: SecretStr) -> Self:
        """A key with a name and a colon before it, or without.

        Raises:
            ValueError: there is a name and no key, or the name is one of those for requests without a name.
        """
        name, colon, key = text.get_secret_value().partition(":")
        if not (colon and _KEY_NAME.fullmatch(name)):
            return cls(UNNAMED_KEY, text)
        if not key or name in (UNNAMED_KEY, NO_KEY):
            raise ValueError(f"there is no key after {name}:" if not key else f"no key may be called {name}")
        return cls(name, SecretStr(key))


class ServerSettings(BaseSettings):
    """Limits and habits of the HTTP side and of the process."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged")
    log_format: Literal["text", "json"] = Field("text", description="One line of text or one JSON object per event")
    access_log: bool = Field(True, description="Log one line per request (never its texts)")
    max_body_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, le=MOST_BODY_BYTES, description="Largest request body, in bytes"
    )
    max_connections: int = Field(
        1024,
        ge=1,
        description="Maximum number of open connections; 64 more are reserved for `/live`, `/ready`, `/health` and "
        "`/metrics`, and answer any other path with 503",
    )
    max_header_bytes: int = Field(
        32 * 1024, ge=1024, description="Largest request line and headers together, in bytes; at most 100 headers"
    )
    header_timeout_seconds: float = Field(
        10.0, gt=0, description="How long a new connection may be silent, and a request's headers may take to arrive"
    )
    body_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a request's body may pause; after that time in all, it must arrive at 4 KiB a second",
    )
    write_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a client may pause reading a response; after that time in all, it must read 4 KiB a "
        "second",
    )
    idle_timeout_seconds: float = Field(
        60.0, gt=0, description="How long a connection is kept open for the client's next request"
    )
    max_inflight_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024,
        description="Maximum bytes of request bodies in flight (bodies of up to 4 KiB do not count), beyond which "
        "requests get 429, and the same for unsent responses (those of up to 64 KiB do not count). Not below "
        "`MAX_BODY_BYTES`. In memory a body may take several times its size",
    )
    request_timeout_seconds: float = Field(
        300.0,
        gt=0,
        description="Maximum duration of a request; a request may ask for less with `X-Request-Timeout`",
    )
    api_keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(_comma_separated)] = Field(
        [],
        description="API keys, separated by commas, one of which a request must send; if unset, no key is needed. A "
        "key may be preceded by a name, such as `web:KEY`, under which its requests are counted and logged; several "
        "keys may have the same name",
    )
    api_keys_exempt: CommaSeparated = Field(
        ["/live", "/ready", "/health", "/metrics"],
        description="Paths, separated by commas, that need no key",
    )
    cors_origins: CommaSeparated = Field(
        [],
        description="Origins, separated by commas, whose pages may call from a browser, or `*` for all; unset: none",
    )
    drain_delay_seconds: float = Field(
        1.0,
        ge=0,
        description="After SIGTERM, how long to keep serving with `/ready` at 503 before closing the port",
    )
    drain_timeout_seconds: float = Field(
        30.0,
        gt=0,
        description="After that, how long requests may take to finish before they get 503; keep the server's own "
        "`--timeout-graceful-shutdown` (35 in the images) and the grace before a container is killed above it",
    )
    stuck_after_seconds: float = Field(
        60.0,
        gt=0,
        description="A micro-batch that runs longer makes `/live` fail and the process exit; the limit is multiplied "
        "for texts of more than 512 tokens: by two at 1,024",
    )

    @field_validator("api_keys")
    @classmethod
    def _have_names(cls, keys: list[SecretStr]) -> list[SecretStr]:
        named = [APIKey.parse(key) for key in keys]
        if len({key.key for key in named}) < len(named):
            raise ValueError("a key stands there twice")
        return keys

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: list[str]) -> list[str]:
        if wrong := [origin for origin in origins if not _ORIGIN.fullmatch(origin)]:
            raise ValueError(
                f"no browser sends {' or '.join(wrong)} as an origin: write scheme, host and port in lower case,"
                " nothing behind them, such as https://app.example.com, or * for all"
            )
        return origins

    @property
    def named_keys(self) -> list["APIKey"]:
        """`api_keys` and their names."""
        return [APIKey.parse(key) for key in self.api_keys]

    @model_validator(mode="after")
    def _any_body_fits(self) -> Self:
        if self.max_inflight_bytes < self.max_body_bytes:
            raise ValueError(
                f"max_inflight_bytes ({self.max_inflight_bytes}) must not be less than "
                f"max_body_bytes ({self.max_body_bytes})"
            )
        return self


class CacheSettings(BaseSettings):
    """Where computed rows are kept, and for how long."""

    model_config = SettingsConfigDict(env_prefix="CACHE_", frozen=True, env_ignore_empty=True)

    url: SecretStr = Field(
        SecretStr("memory"),
        description="`none`, `memory`, or a Redis behind the memory: `redis://user:password@host:6379/0`, `rediss://` "
        "for TLS, `unix:///path`, `redis+cluster://host:port,host:port`, `redis+sentinel://host:port,host:port/master/0`",
    )
    memory_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description="Memory of each service for its cache; embed-service uses half as much again for tokens and JSON "
        "of recent texts. With 0 only Redis is used, or no cache",
    )
    ttl_seconds: int = Field(30 * 24 * 3600, ge=1, description="How long Redis keeps an entry")
    dtype: Literal["float32", "float16"] = Field(
        "float32", description="Type of cached vectors; `float16` halves their size and reduces their precision"
    )
    timeout_ms: float = Field(
        15.0, gt=0, description="How long a request waits for Redis, plus 0.05 ms per text, before it computes"
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="Secret for the keys in Redis, so that those who read it cannot tell whether it has a text, and "
        "for a digest of each value, so that those who write to it cannot forge one; must be the same for all services "
        "that share entries",
    )

    @property
    def mode(self) -> Literal["none", "memory", "redis"]:
        """What `url` asks for."""
        url = self.url.get_secret_value()
        if url == "none" or (url == "memory" and not self.memory_bytes):
            return "none"
        return "memory" if url == "memory" else "redis"

    @property
    def memo_bytes(self) -> int:
        """Memory of each of the two that embed-service has beside the cache: token rows, and JSON of vectors."""
        return 0 if self.mode == "none" else self.memory_bytes // 4

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() not in ("none", "memory"):
            RedisURL.parse(url.get_secret_value())
        return url


class TracesSettings(BaseSettings):
    """Where traces go."""

    model_config = SettingsConfigDict(env_prefix="TRACES_", frozen=True, env_ignore_empty=True)

    url: HttpUrl | None = Field(
        None,
        description="URL of a collector for OTLP over HTTP, such as `http://collector:4318/v1/traces`; unset: no "
        "traces",
    )
    sample_ratio: float = Field(
        1.0, ge=0, le=1, description="Share of requests that are traced, unless the caller has decided that"
    )


class EngineSettings(BaseSettings):
    """Settings of one service's engine; subclasses set the prefix."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    backend: Literal["auto", "torch", "openvino"] = Field(
        "auto", description="Runtime of the model; `auto` is torch on a GPU, else OpenVINO if converted, else torch"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="`auto` is CUDA where there is a GPU")
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto",
        description="`auto` is the fastest of int8, bf16 and fp32 that is installed and that the CPU supports; torch "
        "has fp32 and bf16, and there `auto` is bf16 on a GPU that supports it, else fp32",
    )
    truncate: Literal["end", "none"] = Field(
        "end",
        description="What happens to a text over its limit if the request does not say: `end` cuts off its end, which "
        "`X-Truncated` reports in every dialect; `none` refuses the request",
    )
    streams: int = Field(1, ge=1, le=64, description="Number of micro-batches computed at a time")
    threads: int = Field(default_factory=cpu_limit, ge=1, le=1024, description="CPU threads of all streams together")
    reserved_stream: bool = Field(
        True,
        description="OpenVINO: one more stream, with a copy of the model's working weights, for short interactive "
        "requests, so that they start at once while all others compute bulk work",
    )
    max_interactive_wait_seconds: float = Field(
        3.0,
        gt=0,
        description="Time in which 99 % of the interactive requests are answered: a request is admitted if it is "
        "expected to take at most two thirds of it, else it gets 429. Bulk requests may wait up to "
        "`REQUEST_TIMEOUT_SECONDS`, and any request at most its own `X-Request-Timeout`",
    )
    bulk_above_seconds: float = Field(
        1.0,
        gt=0,
        description="Requests that would take longer than this on an idle service wait in the bulk lane, unless they "
        "say otherwise; a single text only if it takes longer than an interactive request may wait",
    )
    queue_tokens: int = Field(
        524_288,
        ge=1024,
        description="Maximum number of waiting tokens, however short their wait; beyond it requests get 429",
    )
    target_batch_ms: float = Field(
        50.0,
        gt=0,
        description="Time that one micro-batch should take, and so about how long an interactive request waits",
    )
    min_batch_tokens: int = Field(
        96, ge=1, description="Minimum token budget of a micro-batch, however slow the model is"
    )
    max_batch_tokens: int = Field(16_384, ge=1, description="Maximum token budget of a micro-batch")
    max_padding: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="torch on a CPU: maximum padding in a micro-batch, as a fraction of its token budget",
    )
    interactive_burst: int = Field(
        4, ge=1, description="Number of interactive micro-batches in a row before a waiting bulk one gets its turn"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pairs = (("streams", "threads"), ("min_batch_tokens", "max_batch_tokens"))
        values = {name: getattr(self, name) for pair in pairs for name in pair}
        wrong = [
            f"{less} ({values[less]}) must not be more than {more} ({values[more]})"
            for less, more in pairs
            if values[less] > values[more]
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self
