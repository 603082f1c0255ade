"""Which files of a repository are stored."""

from pathlib import Path

from scripts.models.sources.selection import link_files, needed_files

HUB_REPOSITORY = [
    ".gitattributes",
    "1_Pooling/config.json",
    "README.md",
    "config.json",
    "model.safetensors",
    "modules.json",
    "onnx/config.json",
    "onnx/model.onnx",
    "onnx/model.onnx_data",
    "onnx/tokenizer.json",
    "openvino/openvino_model.bin",
    "pytorch_model.bin",
    "sentence_bert_config.json",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "tf_model.h5",
    "tokenizer.json",
    "tokenizer_config.json",
    "train_script.py",
    "training_args.bin",
]


def test_exports_for_other_runtimes_and_duplicates_stay_out() -> None:
    assert needed_files(HUB_REPOSITORY) == [
        "1_Pooling/config.json",
        "README.md",
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]


def test_pickles_are_taken_where_there_are_no_safetensors() -> None:
    names = [name for name in HUB_REPOSITORY if name != "model.safetensors"]
    assert "pytorch_model.bin" in needed_files(names)


def test_sharded_weights_and_weights_of_modules_are_kept() -> None:
    names = [
        "2_Dense/model.safetensors",
        "2_Dense/pytorch_model.bin",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ]
    assert needed_files(names) == [name for name in names if name != "2_Dense/pytorch_model.bin"]


def test_linking_keeps_the_layout_and_leaves_the_source_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for name in ("config.json", "model.safetensors", "1_Pooling/config.json", "onnx/model.onnx"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    target.mkdir()
    link_files(source, target)
    linked = {file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file()}
    assert linked == {"config.json", "model.safetensors", "1_Pooling/config.json"}
