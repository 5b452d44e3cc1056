#!/usr/bin/env bash
# Builds the stand-ins of README.md: Debian by debootstrap, the rest on top of it. Needs root, and reaches Debian's packages only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
debian=ml-pipelines-stand-in/debian:bookworm

if ! docker image inspect "$debian" >/dev/null 2>&1; then
    command -v debootstrap >/dev/null || { echo "debootstrap is not installed: apt-get install debootstrap" >&2; exit 1; }
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    debootstrap --variant=minbase bookworm "$folder/debian"
    tar -C "$folder/debian" -c . | docker import - "$debian"
fi
docker compose build
