#!/bin/sh
# Builds one service's bento and prints its tag.
# usage: build_bento.sh embed|rerank openvino|torch
# environment: EMBED_MODEL or RERANK_MODEL, BENTOML (the program, when it is not on the PATH)
set -eu
service=$1 backend=$2

case $service in
embed | rerank) ;;
*) echo "There is no service $service: choose embed or rerank." >&2; exit 2 ;;
esac
case $backend in
openvino) bentofile=bentofile.$service.yaml ;;
torch) bentofile=bentofile.$service-torch.yaml ;;
*) echo "BACKEND must be openvino or torch, not '$backend'." >&2; exit 2 ;;
esac

prefix=$(echo "$service" | tr '[:lower:]' '[:upper:]')
built=$(env "${prefix}_BACKEND=$backend" "${BENTOML:-bentoml}" build -f "$bentofile" -o tag)
echo "${built##*__tag__:}"
