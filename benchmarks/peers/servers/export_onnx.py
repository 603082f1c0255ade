"""Writes `model.onnx` for a model folder: token states of an encoder, logits of a cross-encoder.

usage: export_onnx.py FOLDER encoder|cross-encoder TARGET
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModel, AutoModelForSequenceClassification


class _Traced(torch.nn.Module):
    """The model with one tensor as output instead of a structure."""

    def __init__(self, model: torch.nn.Module, output: str) -> None:
        super().__init__()
        self.model = model
        self.output = output

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> torch.Tensor:
        outputs = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return outputs[self.output]


def main(folder: str, kind: str, target: str) -> None:
    """Export with free batch size and length; weights go to a file beside, as protobuf ends at 2 GiB."""
    encoder = kind == "encoder"
    model = (AutoModel if encoder else AutoModelForSequenceClassification).from_pretrained(folder, dtype=torch.float32)
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if model.config.type_vocab_size > 1 else [])]
    output = "last_hidden_state" if encoder else "logits"
    free = {0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")}
    torch.onnx.export(
        _Traced(model, output).eval(),
        (),
        str(Path(target, "model.onnx")),
        kwargs={name: torch.ones(2, 16, dtype=torch.int64) for name in names},
        input_names=names,
        output_names=[output],
        dynamic_shapes=dict.fromkeys(names, free),
        external_data=True,
        verbose=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
