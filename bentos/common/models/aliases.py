"""Names under which requests may ask for the served model."""

from collections.abc import Collection

from bentos.common.errors import UnknownModel
from bentos.common.models.names import nearest

_LONGEST = 100
"""Characters of a name that are looked at and repeated."""


class ModelNames:
    """The model's own id, and aliases for clients that hard-code another vendor's name.

    Args:
        model_id: of the served model.
        aliases: other names that mean it.
    """

    def __init__(self, model_id: str, aliases: Collection[str] = ()) -> None:
        self.model_id = model_id
        self.all = list(dict.fromkeys([model_id, *aliases]))

    def check(self, name: str | None) -> None:
        """Accept the served model's names, and a request that names none.

        Raises:
            UnknownModel: the name is another one.
        """
        if name is not None and name not in self.all:
            near = nearest(name[:_LONGEST], self.all)
            meant = f"did you mean {near[0]!r}?" if near else f"ask for {self.model_id!r}, or have an alias set."
            raise UnknownModel(f"The model {name[:_LONGEST]!r} is not served here: {meant}", loc=("model",))
