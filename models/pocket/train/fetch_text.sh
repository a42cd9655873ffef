#!/bin/sh
# Fetches the plain-text sources as Debian packages (no installation) and writes OUT/text.txt.xz and OUT/words.txt.
# Usage: fetch_text.sh OUT      Needs apt-get, dpkg-deb and Python 3.
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download python3.11-doc postgresql-doc-15 sqlite3-doc nodejs-doc rust-doc apache2-doc python-django-doc \
  llvm-15-doc clang-15-doc wordnet-base
mkdir root
for package in *.deb; do dpkg-deb -x "$package" "root/${package%%_*}"; done
python3 "$here/extract_text.py" root "$out"
