"""Points that could not be migrated, with the reason: one JSON object a line."""

import json
from pathlib import Path

from scripts.migrate.sources.interface import PointId


class Failures:
    """The failures' file. A point that failed twice has its last reason; a line cut short by a crash is skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reasons: dict[PointId, str] = {}
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            try:
                failure = json.loads(line)
            except ValueError:
                continue
            self._reasons[failure["id"]] = failure["reason"]
        self._cut_short = bool(text) and not text.endswith("\n")

    def __len__(self) -> int:
        return len(self._reasons)

    def __contains__(self, point_id: object) -> bool:
        return point_id in self._reasons

    @classmethod
    def of(cls, folder: Path, target: str) -> "Failures":
        """The failures of a target."""
        return cls(folder / f"{target}.failures.jsonl")

    @property
    def reasons(self) -> dict[PointId, str]:
        """Reason by point."""
        return dict(self._reasons)

    @property
    def ids(self) -> list[PointId]:
        """Points that failed."""
        return list(self._reasons)

    def add(self, point_id: PointId, reason: str) -> None:
        """Remember a failure, on disk before this returns."""
        if self._reasons.get(point_id) == reason:
            return
        self._reasons[point_id] = reason
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            if self._cut_short:
                file.write("\n")
                self._cut_short = False
            file.write(json.dumps({"id": point_id, "reason": reason}) + "\n")

    def forget(self, ids: list[PointId]) -> None:
        """Take points out that were migrated after all; an empty file is removed."""
        gone = [self._reasons.pop(point_id) for point_id in ids if point_id in self._reasons]
        if not gone:
            return
        rest = self.path.with_suffix(".new")
        lines = [json.dumps({"id": point_id, "reason": reason}) + "\n" for point_id, reason in self._reasons.items()]
        rest.write_text("".join(lines))
        rest.replace(self.path)
        self._cut_short = False
        if not lines:
            self.path.unlink()
