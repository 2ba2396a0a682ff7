# Sourced by the scripts of this folder: where tools live, and how a missing one is installed.

TOOLS="${TOOLS:-$PWD/target/tools}"
mkdir -p "$TOOLS"
export PATH="$TOOLS/bin:$PATH"

# need_debian COMMAND PACKAGE: installs a Debian package when COMMAND is missing and we may.
need_debian() {
  command -v "$1" >/dev/null 2>&1 && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    [ -e "$TOOLS/.apt-updated" ] || { apt-get update -qq && touch "$TOOLS/.apt-updated"; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null && return 0
  fi
  echo "MISSING: $1 (Debian package $2); what needs it is skipped"
  return 1
}

# need_cargo_tool NAME VERSION: a cargo subcommand, unoptimized because it runs once.
need_cargo_tool() {
  command -v "$1" >/dev/null 2>&1 && return 0
  cargo install --quiet --debug --locked --root "$TOOLS" --version "^$2" "$1"
}

# need_typos: the spell checker comes as a wheel; an isolated environment holds it.
need_typos() {
  TYPOS="$(command -v typos || true)"
  [ -n "$TYPOS" ] && return 0
  [ -x "$TOOLS/python/bin/typos" ] || {
    python3 -m venv "$TOOLS/python"
    "$TOOLS/python/bin/pip" install --quiet --disable-pip-version-check 'typos>=1.40,<2'
  }
  TYPOS="$TOOLS/python/bin/typos"
}
