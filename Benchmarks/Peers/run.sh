#!/bin/sh
# Times sophia-rt and its peers on the same work in alternation, and prints the ratios.
#   Benchmarks/Peers/run.sh [--peers eager compile tuned] [--batch n] [--context n] [--rounds n] …
# Build first: make build. PyTorch is installed by pip into PEERS_VENV unless it is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=${SOPHIA_RT:-$here/../../.build/release/sophia-rt}
venv=${PEERS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/sophia-rt/peers}

[ -x "$binary" ] || { echo "run.sh: no $binary: run 'make build' first" >&2; exit 1; }
if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
  python3 -m venv "$venv" || { echo "run.sh: install python3-venv first" >&2; exit 1; }
  # The CPU build is a tenth of the size of the other.
  "$venv/bin/pip" install --quiet numpy torch --index-url https://download.pytorch.org/whl/cpu ||
    "$venv/bin/pip" install --quiet numpy torch
fi
exec "$venv/bin/python" "$here/compare_train.py" "$binary" "$@"
