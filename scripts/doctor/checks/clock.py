"""Do the clocks of the service and of this machine agree?"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service_check import ServiceCheck

_TOLERATED_SECONDS = 5


class Clock(ServiceCheck):
    """The service's `Date` is our time, but for a few seconds."""

    name = "clock"

    def run(self) -> Finding:
        """Compare, with a request of its own."""
        sent = self.service.post_example().headers.get("Date")
        if not sent:
            raise NotChecked("Its answers have no Date header.")
        try:
            skew = abs((datetime.now(UTC) - parsedate_to_datetime(sent)).total_seconds())
        except (ValueError, TypeError):
            raise NotChecked(f"Invalid Date header: {sent}.") from None
        if skew > _TOLERATED_SECONDS:
            return warning(
                f"Its clock and ours are {skew:.0f} seconds apart.",
                "Let both machines follow NTP: logs, certificates and expiry times depend on it.",
            )
        return ok("Its clock and ours agree.")
