"""Are keys set, and is ours one of them?"""

from scripts.doctor.finding import Finding, failure, ok, warning
from scripts.doctor.service_check import ServiceCheck


class Keys(ServiceCheck):
    """A request without a key is refused, one with ours is not."""

    name = "keys"

    def run(self) -> Finding:
        """Send one of each."""
        if self.service.takes_example(with_key=False):
            return warning(
                "It answers without a key.",
                "Set API_KEYS, unless only programs that you trust reach its port.",
            )
        if self.service.key is None:
            return warning(
                "It needs a key, and the doctor has none: much is not checked.",
                "Give one with --key or SERVICE_API_KEY.",
            )
        if not self.service.takes_example(with_key=True):
            return failure("It refuses the key that the doctor was given.", "Use one of its API_KEYS.")
        return ok("It refuses requests without a key, and takes ours.")
