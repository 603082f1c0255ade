"""Texts on which a model is tried before it is stored."""

from collections.abc import Sequence

Part = Sequence[str] | Sequence[tuple[str, str]]

TEXTS = [
    "how do plants make sugar",
    "Photosynthesis turns light, water and carbon dioxide into sugar.",
    "a",
    "?",
    "Wie machen Pflanzen Zucker?",
    "¿Cómo hacen azúcar las plantas?",
    "Straße über Fluß, naïve café",
    "e = mc²",
    "растения производят сахар",  # noqa: RUF001
    "النباتات تصنع السكر",
    "植物はどうやって砂糖を作りますか",
    "식물은 어떻게 설탕을 만드나요",
    "पौधे चीनी कैसे बनाते हैं",
    "DON'T STOP, iPhone 15 Pro!",
    "def f(x):\n\treturn x ** 2",
    "🙂🌱 emoji 👩‍🌾",
    "  led by spaces",
    "a literal <pad> in a text",
    "[CLS] literal [SEP] and </s> tokens [PAD]",
    "line one\nline two",
]
"""Scripts, case, punctuation, spaces, code, and special tokens that stand in a text."""

PAIRS = [(TEXTS[0], text) for text in TEXTS]
"""A query and documents."""

LONG_TEXT = "Photosynthesis turns light, water and carbon dioxide into sugar. " * 60
"""Longer than a window of 512 tokens."""
