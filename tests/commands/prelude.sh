# Before each command of a finding: bash, in namespaces of its own, in an empty directory of its own.

fail() {
  echo "FAILED: $*"
  exit 1
}

# ends CODE COMMAND: runs it as if it had been pasted into a shell.
ends() {
  local code
  OUTPUT=$(eval "$2" 2>&1)
  code=$?
  printf '$ %s\n%s\n' "$2" "$OUTPUT"
  [ "$1" = -1 ] || [ "$code" = "${EXPECTED:-$1}" ] || fail "ended with $code"
}

# shows REGEX: what the last command said.
shows() {
  grep -qE -- "$1" <<<"$OUTPUT" || fail "does not show $1"
}

parameter_file() {
  echo "/proc/sys/${1//.//}"
}

# real KEY: that of the host, restored at the end.
real() {
  local file value
  file=$(parameter_file "$1")
  [ -w "$file" ] && value=$(cat "$file" 2>/dev/null) || return 1
  RESTORE+="echo '$value' >$file;"
  trap 'eval "$RESTORE"' EXIT
}

# parameters KEY...: those of a network namespace are real. Those of the whole host are files in
# their place, unless the host may be thrown away (LINSIGHT_SCRATCH_HOST=1).
parameters() {
  local key
  for key in "$@"; do
    if [ ! -w "$(parameter_file "$key")" ] || [[ $key != net.* ]]; then
      [ -n "${LINSIGHT_SCRATCH_HOST:-}" ] && real "$key" && continue
      mount -t tmpfs none /proc/sys || fail "files in place of /proc/sys"
      break
    fi
  done
  for key in "$@"; do
    if ! [ -e "$(parameter_file "$key")" ]; then
      mkdir -p "$(dirname "$(parameter_file "$key")")"
      touch "$(parameter_file "$key")"
    fi
  done
}

# parameter KEY VALUE: how the host stood when the finding was made.
parameter() {
  printf '%s\n' "$2" >"$(parameter_file "$1")" || fail "$1 cannot be $2"
}

# holds KEY VALUE
holds() {
  local is
  is=$(tr -s '\t' ' ' <"$(parameter_file "$1")")
  [ "$is" = "$2" ] || fail "$1 is $is"
}

# instead FILE TEXT: a file in place of one of the host (below /sys, mostly).
instead() {
  local file
  file=$(mktemp -p "$PWD")
  printf '%s\n' "$2" >"$file"
  if [ -e "$1" ]; then
    mount --bind "$file" "$1" || fail "a file in place of $1"
  else
    mkdir -p "$(dirname "$1")" && cp "$file" "$1" || fail "a file $1"
  fi
}

# disk MIB: a block device of its own, as $DISK.
disk() {
  truncate -s "$1M" disk.img
  DISK=$(losetup --find --show disk.img) || fail "a loop device"
  trap 'umount -q "$DISK" 2>/dev/null; losetup -d "$DISK"' EXIT
}

RESTORE=
ip link set lo up
sleep 300 &
PID=$!
# It is a program of its own, with its own mappings, once it sleeps.
until grep -q "^Name:.sleep" /proc/$PID/status && grep -q "^State:.S" /proc/$PID/status; do sleep 0.02; done
