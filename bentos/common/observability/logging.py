"""Logging as lines of text or of JSON, with the request's id and never with users' texts."""

import logging
import sys
from contextvars import ContextVar

from pydantic import ValidationError
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from bentos.common.settings import ServerSettings

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request that the current task works on."""

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class _WithoutTexts(logging.Filter):
    """Replaces the trace of a validation error, which quotes the input (BentoML logs those of its own routes)."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, ValidationError):
            record.msg = f"{record.getMessage()}: {error.error_count()} fields of the input are invalid"
            record.args = record.exc_info = record.exc_text = None
        return True


def configure_logging(service: str, settings: ServerSettings) -> None:
    """Send all logs of this process to standard output in the format that the settings ask for."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_RequestId())
    handler.addFilter(_WithoutTexts())
    if settings.log_format == "json":
        handler.setFormatter(
            JsonFormatter(
                _FIELDS,
                rename_fields={"asctime": "time", "levelname": "level"},
                static_fields={"service": service},
                reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # uvicorn's, for terminals
            )
        )
    else:
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s [{service}] [%(request_id)s] %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bentos").setLevel(settings.log_level)
    for name in ("bentoml", "uvicorn", "uvicorn.error"):
        framework = logging.getLogger(name)
        framework.handlers = []
        framework.propagate = True
        framework.setLevel(max(logging.INFO, logging.getLevelName(settings.log_level)))
    circus = logging.getLogger("circus")
    circus.handlers = []
    circus.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
