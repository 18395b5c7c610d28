#!/bin/sh
# Make .venv with Foreman and everything it needs, each file checked against its hash.
#   sh bootstrap.sh        what a user needs
#   sh bootstrap.sh dev    what a developer needs besides
# Needs git, CPython 3.11 or newer and pip, nothing else: Debian's pip refuses to install into the system and Debian's
# python has no venv module, so uv is put into .tools/ first and makes the environment.
# PYTHON=/path/to/python3.13 and VENV=.venv313 choose another interpreter and folder.
set -eu
cd "$(dirname "$0")"
kind=${1:-user}
python=${PYTHON:-python3}
venv=${VENV:-.venv}
case "$kind" in
  user) lock=requirements.lock ;;
  dev) lock=requirements-dev.lock ;;
  *) echo "bootstrap.sh: say 'dev' or nothing, not '$kind'" >&2; exit 2 ;;
esac
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "bootstrap.sh: $python is older than 3.11" >&2; exit 2; }
# What is installed, in one line: a developer's environment holds all that a user's does, so it is left as it is.
stamp=$(cat requirements.lock requirements-dev.lock bootstrap.lock pyproject.toml | cksum)
installed=$(cat "$venv/.foreman-installed" 2>/dev/null || true)
if [ "$installed" = "$kind $stamp" ] || [ "$installed" = "dev $stamp" ]; then
  "$venv/bin/python" -c 'import foreman' 2>/dev/null && exit 0
fi
rm -f "$venv/.foreman-installed"
echo "installing into $venv (once, about half a minute) ..." >&2
if [ ! -x .tools/uv/bin/uv ]; then
  "$python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
    --target .tools/uv --require-hashes --only-binary :all: -r bootstrap.lock
fi
uv="$PWD/.tools/uv/bin/uv --quiet --no-python-downloads"
[ -x "$venv/bin/python" ] || $uv venv --python "$python" "$venv"
$uv pip sync --python "$venv/bin/python" --require-hashes "$lock"
if [ ! -d .tools/build ]; then
  $uv pip install --python "$venv/bin/python" --target .tools/build --require-hashes -r build.lock
fi
PYTHONPATH=$PWD/.tools/build $uv pip install --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
echo "$kind $stamp" > "$venv/.foreman-installed"
