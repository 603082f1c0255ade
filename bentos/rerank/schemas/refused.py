"""Fields that would change the scores if they were obeyed, and that no model served here can obey."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field


def _refuse(value: Any) -> Any:
    if value:
        raise ValueError("Input should be left out: the served model cannot obey it")
    return value


Refused: TypeAlias = Annotated[
    Any, AfterValidator(_refuse), Field(description="Refused unless null, false or empty: it would change the result")
]
