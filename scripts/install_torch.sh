#!/bin/sh
# Installs the pinned torch into a virtual environment before anything else can pull another build of it.
# usage: install_torch.sh PYTHON cpu|cuda [VERSION]          (why: docs/decisions/0002-torch-cpu.md)
set -eu
python=$1
build=$2
version=${3:-$(sed -n 's/^torch==//p' requirements/dev.txt)}
install() { sh "$(dirname "$0")/pip_install.sh" "$python" "$@"; }

echo "Installing torch $version, $build build."
case $build-$(uname -s) in
cpu-Linux)
    # PyPI's Linux wheel is the CUDA build; the CPU build is only called "+cpu" elsewhere.
    install --no-deps "torch==$version+cpu" 2>/dev/null && exit
    install --no-deps --timeout 15 --retries 1 --index-url https://download.pytorch.org/whl/cpu \
        "torch==$version+cpu" 2>/dev/null && exit
    echo "No CPU build of torch $version is within reach. PyPI's is installed, which works as well and is about 3 GB with" \
        "its CUDA packages; with the CPU wheel in a folder that PIP_FIND_LINKS names it is 0.2 GB."
    install "torch===$version"
    ;;
cpu-*) install --no-deps "torch==$version" ;; # elsewhere PyPI's wheel is the CPU build
cuda-*) install "torch===$version" ;;         # "===" never matches "+cpu"
*)
    echo "TORCH must be cpu or cuda, not '$build'." >&2
    exit 2
    ;;
esac
