"""What a page shows of a terminal: commands after a `$`, each with what it prints, and programs in Python."""

import re
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<content>.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.M)


class Command(NamedTuple):
    """A command line, and what the page says that it prints."""

    line: str
    output: str

    def on(self, ports: dict[int, int]) -> str:
        """The command line with other ports than the usual ones."""
        return on_ports(self.line, ports)


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return [found["content"] for found in _BLOCK.finditer(page.read_text()) if found["language"] == language]


def commands(page: Path) -> list[Command]:
    """The commands of all `console` blocks of a page."""
    return [
        Command(found["command"], found["output"].strip())
        for block in blocks(page, "console")
        for found in _COMMAND.finditer(block)
    ]


def on_ports(text: str, ports: dict[int, int]) -> str:
    """The text with other ports than the usual ones."""
    for usual, other in ports.items():
        text = re.sub(rf"(?<=localhost:){usual}\b", str(other), text)
    return text
