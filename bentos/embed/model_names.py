"""Names under which requests may ask for the served model, some of which say what the texts are for."""

from collections.abc import Collection

from bentos.common.models.aliases import ModelNames
from bentos.embed.request import InputType
from bentos.embed.schemas.input_type import nearest


class TypedModelNames(ModelNames):
    """Model names whose aliases may have an input type: the one field that every client of OpenAI's API can set.

    Args:
        model_id: of the served model.
        aliases: other names that mean it, with or without `:query`, `:passage` or `:none` behind them; what else
            follows a colon belongs to the name.

    Raises:
        ValueError: a name has two input types, or one that seems to be misspelt.
    """

    def __init__(self, model_id: str, aliases: Collection[str] = ()) -> None:
        pairs = list(map(_typed, aliases))
        typed = dict(pairs)
        if twice := next((name for name, input_type in pairs if typed[name] is not input_type), None):
            raise ValueError(f"{twice} has two input types: a name has one, or none.")
        super().__init__(model_id, typed)
        self._input_types = {name: input_type for name, input_type in typed.items() if input_type}

    def input_type(self, name: str | None) -> InputType | None:
        """Input type of a request with this model name that does not say one; none if its name has none either.

        Raises:
            UnknownModel: the name is not the served model's.
        """
        self.check(name)
        return self._input_types.get(name) if name else None


def _typed(alias: str) -> tuple[str, InputType | None]:
    name, _, suffix = alias.rpartition(":")
    if not name:
        return alias, None
    if suffix in list(InputType):
        return name, InputType(suffix)
    if meant := nearest(suffix):
        known = ", ".join(InputType)
        raise ValueError(f"{suffix!r} is not an input type ({known}): did you mean {name}:{meant}?")
    return alias, None
