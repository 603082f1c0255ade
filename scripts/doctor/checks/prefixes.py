"""Are an E5 model's prefixes added?"""

from scripts.doctor.finding import Finding, failure, ok
from scripts.doctor.service_check import ServiceCheck

_E5 = {"query": "query: ", "passage": "passage: "}


class Prefixes(ServiceCheck):
    """A model of the E5 family has its prompts; without them it searches worse and nothing else shows it."""

    name = "prefixes"

    def run(self) -> Finding:
        """Read the prompts of `/info`."""
        model, prompts = str(self.service.info.get("model", "")), self.service.info.get("prompts") or {}
        if "e5" in model.lower() and prompts != _E5:
            return failure(
                f"{model} needs the prefixes 'query: ' and 'passage: ' and has {prompts or 'no prompts'}.",
                "Install the model again: python -m scripts.models install.",
            )
        if not prompts:
            return ok(f"{model} needs no prefixes.")
        return ok(f"Added by the service: {', '.join(repr(prompt) for prompt in prompts.values())}.")
