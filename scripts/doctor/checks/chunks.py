"""How large may a chunk be that fits the model's window?"""

from collections.abc import Mapping

from scripts.doctor.finding import Finding, ok, warning
from scripts.doctor.service_check import ServiceCheck

SAMPLES: Mapping[str, str] = {
    "English": "The grey heron stands motionless in shallow water and waits, sometimes for an hour, until a fish comes "
    "within reach. Then its neck shoots forward, faster than the eye can follow, and the bill closes on the prey. ",
    "German": "Der Graureiher steht regungslos im seichten Wasser und wartet, manchmal eine Stunde lang, bis ein Fisch "
    "in Reichweite kommt. Dann schnellt der Hals vor, schneller als das Auge folgen kann, und der Schnabel packt zu. ",
    "Chinese": "苍鹭一动不动地站在浅水里等待、有时要等上一个小时、直到有鱼游到够得着的地方。然后它的脖子猛地向前伸出、"
    "快得让人看不清、长喙已经夹住了猎物。",
    "code": "def catch(self, fish: Fish, *, patience_seconds: float = 3600.0) -> Catch | None:\n"
    "    while fish.distance_to(self.bill) > self.reach and (patience_seconds := patience_seconds - 1) > 0:\n"
    "        self.stand_still(1)\n    return self.strike(fish) if fish.in_reach else None\n\n",
}
CHUNK = 1000
"""Characters of a chunk in LangChain's and many apps' defaults."""
_CHARACTERS_PER_TOKEN = 8
_MOST_CHARACTERS = 32_768
"""That `/tokenize` takes."""
_CUT_WORDS = 4
"""Tokens that the two words at the ends of a chunk may have more when they are cut."""


class Chunks(ServiceCheck):
    """Clients split texts by characters, models read tokens: how many characters fit depends on the language."""

    name = "chunks"

    def run(self) -> Finding:
        """Tokenize samples and measure the shortest part of each that fills the window."""
        window = int(self.service.info["max_tokens"])
        prompts = self.service.info.get("prompts") or {}
        longest = max(prompts, key=lambda name: len(prompts[name]), default=None)
        sizes = {language: self._largest(sample, window, longest) for language, sample in SAMPLES.items()}
        shown = ", ".join(f"{size:,} of {language}" for language, size in sizes.items())
        message = f"Characters of a chunk that fits into {window} tokens: {shown}."
        too_long = [language for language, size in sizes.items() if size < CHUNK]
        if not too_long:
            return ok(message)
        return warning(
            f"{message} Chunks of {CHUNK:,}, as many clients make them by default, do not in {', '.join(too_long)}: "
            f"{self._what_then()}.",
            "Have clients split by no more, or by tokens, or set EMBED_CHUNKED=true.",
        )

    def _largest(self, sample: str, window: int, prompt: str | None) -> int:
        """Characters of the shortest part of a sample, repeated, that fills the window behind the prompt, in tens."""
        text = (sample * (1 + window * _CHARACTERS_PER_TOKEN // len(sample)))[:_MOST_CHARACTERS]
        [tokens] = self.service.post("/tokenize", {"inputs": text, "add_special_tokens": False})
        [short] = self.service.post("/tokenize", {"inputs": "a", "prompt_name": prompt})
        room = window - len(short) + 1 - _CUT_WORDS
        if len(tokens) < room:
            return len(text)
        starts, stops = [token["start"] for token in tokens], [token["stop"] for token in tokens]
        shortest: int = min(stop - start for start, stop in zip(starts, stops[room - 1 :], strict=False))
        return shortest - shortest % 10

    def _what_then(self) -> str:
        defaults = self.service.info.get("defaults") or {}
        if defaults.get("chunked"):
            return "they are read in pieces, which X-Chunked names"
        if defaults.get("truncate") == "none":
            return "the whole request is refused"
        return "they lose their end, which X-Truncated names"
