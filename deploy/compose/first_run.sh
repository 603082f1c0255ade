#!/bin/sh
# Makes .env and services.env from their examples where they are missing, with a random password wherever the example has an
# empty one. A file that is there stays as it is, and no password is shown.
set -eu
cd "$(dirname "$0")"
umask 077
trap 'rm -f .env.new services.env.new' EXIT

# 192 random bits, in characters that a URL can hold.
password() {
    od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'
}

for file in .env services.env; do
    [ ! -e "$file" ] || continue
    made=
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        *_PASSWORD=)
            line=$line$(password)
            made="$made ${line%%=*}"
            ;;
        esac
        printf '%s\n' "$line"
    done <"$file.example" >"$file.new"
    for name in $made; do
        grep -Eq "^$name=[0-9a-f]{48}\$" "$file.new" || { echo "No random $name could be made." >&2; exit 1; }
    done
    mv "$file.new" "$file"
    echo "Made $PWD/$file${made:+, with random values of:$made}"
done
