#!/bin/sh
# Builds one service's container image: a bento with its model, `bentoml containerize`, then the last stages of
# deploy/images/Dockerfile.
# usage: build_image.sh embed|rerank openvino|torch cpu|cuda TAG      (why: docs/decisions/0010-images.md)
# environment: EMBED_MODEL or RERANK_MODEL, ENGINE (docker or podman), OCI_BUILD_CONF (containers.conf for podman's builds)
set -eu
service=$1 backend=$2 torch=$3 tag=$4
name=$service-service
bentoml=.venv/bin/bentoml
engine=${ENGINE:-$(command -v podman >/dev/null && echo podman || echo docker)}
command -v "$engine" >/dev/null || { echo "Building images needs docker or podman." >&2; exit 1; }
[ -z "${OCI_BUILD_CONF:-}" ] || export CONTAINERS_CONF="$OCI_BUILD_CONF"

bento=$(BENTOML=$bentoml sh scripts/build_bento.sh "$service" "$backend")

# torch's CPU build comes from PyTorch's index, or from a folder of wheels (decision 0002).
set --
case $backend-$torch in
torch-cuda) set -- --opt build-arg=UV_FIND_LINKS= ;;
torch-cpu) [ -z "${UV_FIND_LINKS:-}" ] || set -- --opt "build-arg=UV_FIND_LINKS=$UV_FIND_LINKS" ;;
esac
"$bentoml" containerize "$bento" --backend "$engine" -t "$name-bento:$tag" "$@"
# BentoML reports a failed build with exit code 0.
"$engine" image inspect "$name-bento:$tag" >/dev/null

# BentoML's image takes the place of the stages that make the same without an engine.
dockerfile=$(mktemp)
trap 'rm -f "$dockerfile"' EXIT
sed "/ AS source\$/,/ AS bento\$/c\\
FROM $name-bento:$tag AS bento
" deploy/images/Dockerfile >"$dockerfile"

format=$([ "$engine" = podman ] && echo --format=docker || true)
# shellcheck disable=SC2086 # empty for docker
"$engine" build $format -f "$dockerfile" -t "$name:$tag" --build-arg "SERVICE=$service" \
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" deploy/images
"$engine" rmi "$name-bento:$tag" >/dev/null
"$bentoml" delete -y "$bento" >/dev/null
