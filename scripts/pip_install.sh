#!/bin/sh
# Installs packages quietly. When it fails for a cause that is known, one line says what to do instead of pip's page.
# usage: pip_install.sh PYTHON ARGUMENT…          (arguments of pip install)
set -u
python=$1
shift
output=$(mktemp) || exit
trap 'rm -f "$output"' EXIT
"$python" -m pip install --quiet --disable-pip-version-check "$@" 2>"$output" && exit
status=$?
said() { grep -Eq "$1" "$output"; }
if said "No space left on device"; then
    echo "The disk is full: make room for 3 GB here and in ${TMPDIR:-/tmp}, or set TMPDIR, and run make again." >&2
elif said "NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"; then
    echo "The package index does not answer: check the network and the proxy, or set PIP_INDEX_URL to a mirror that is" \
        "within reach, and run make again." >&2
else
    cat "$output" >&2
fi
exit $status
