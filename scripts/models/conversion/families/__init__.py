"""The families that a packed graph can be written of; those of transformers by `model_type` of config.json."""

from scripts.models.conversion.families.bert import Bert, Electra, Roberta
from scripts.models.conversion.families.deberta import DebertaV2
from scripts.models.conversion.families.decoder import EuroBert, Qwen2, Qwen3
from scripts.models.conversion.families.distilbert import DistilBert
from scripts.models.conversion.families.family import Answers, Family
from scripts.models.conversion.families.gemma3 import Gemma3
from scripts.models.conversion.families.modernbert import ModernBert
from scripts.models.conversion.families.mpnet import MPNet
from scripts.models.conversion.families.nomic import NomicBert
from scripts.models.conversion.families.static import Static

FAMILIES: dict[str, type[Family]] = {
    "bert": Bert,
    "roberta": Roberta,
    "xlm-roberta": Roberta,
    "camembert": Roberta,
    "electra": Electra,
    "distilbert": DistilBert,
    "mpnet": MPNet,
    "deberta-v2": DebertaV2,
    "modernbert": ModernBert,
    "nomic_bert": NomicBert,
    "eurobert": EuroBert,
    "qwen2": Qwen2,
    "qwen3": Qwen3,
    "gemma3_text": Gemma3,
}

__all__ = ["FAMILIES", "Answers", "Family", "Static"]
