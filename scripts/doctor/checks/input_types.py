"""Would clients that say no input type embed queries and passages alike?"""

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service_check import ServiceCheck

_TYPES = (":query", ":passage", ":none")


class InputTypes(ServiceCheck):
    """A model with prompts knows queries from passages; a client that does not say which it sends mixes them up."""

    name = "input types"

    def run(self) -> Finding:
        """Read prompts, defaults and aliases of `/info`."""
        prompts, defaults = self.service.info.get("prompts"), self.service.info.get("defaults")
        if not prompts:
            return ok("The model has no prompts: input types change nothing.")
        if not isinstance(defaults, dict):
            raise NotChecked("/info does not say what requests get that say no input type.")
        default, typed = defaults.get("input_type"), [name for name in defaults["aliases"] if name.endswith(_TYPES)]
        said = f"A request that says no input type is embedded as {default}"
        if typed:
            return ok(f"{said}, but by the names {', '.join(typed)}.")
        return warning(
            f"{said}, whether it stores or searches: clients of OpenAI's API, of LlamaIndex and Haystack say none.",
            "Give them names that say it: EMBED_MODEL_ALIASES=e5-passage:passage,e5-query:query (docs/clients.md).",
        )
