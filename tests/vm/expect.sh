# Sourced: what a scenario's `expect` may ask of a run. Everything is asked, then the failures count.
# $OUT holds what the guest handed over, with the archive unpacked in $OUT/archive and what the
# analyzer makes of it in $OUT/facts.json and $OUT/report.json.

FAILED=0

fail() {
  echo "  FAILED: $*"
  FAILED=$((FAILED + 1))
}

# same WHAT EXPECTED ACTUAL
same() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# holds WHAT COMMAND...: the command succeeds.
holds() { "${@:2}" >"$RUN/answer" 2>&1 || fail "$1: $(head -c 400 "$RUN/answer")"; }

# lacks WHAT COMMAND...: the command fails; what must not be found is not there.
lacks() { ! "${@:2}" >"$RUN/answer" 2>&1 || fail "$1: $(head -c 400 "$RUN/answer")"; }

# fact FILTER EXPECTED: one fact, or what jq makes of several.
fact() { same "fact $1" "$2" "$(jq -c "$1" "$OUT/facts.json" 2>&1)"; }

# Rules that may find something: those that a scenario expects, and the clock, whose only sources
# here are slow ones.
FOUND="time.clock"

# finding SEVERITY RULE [SUBJECT]: the report has it. docs/shown.md is made from these lines.
finding() {
  FOUND+=" $2"
  jq -e --arg s "$1" --arg r "$2" --arg on "${3:-}" '.findings | any(.severity == $s and .rule == $r
    and (.subject | contains($on)))' "$OUT/report.json" >/dev/null ||
    fail "no $1 of $2: $(jq -c --arg r "$2" '[.findings[] | select(.rule == $r) | [.severity, .subject, .says]]' \
      "$OUT/report.json" 2>&1)"
}

# explains RULE...: what a scenario may bring as well, on some kernels.
explains() { FOUND+=" $*"; }

# nothing_else: no other rule warns. What is worth a word alone may differ by kernel.
nothing_else() {
  same "warnings of other rules" '[]' "$(jq -c --arg found "$FOUND" '($found | split(" ")) as $found
    | [.findings[] | select(.severity != "info" and (.rule | IN($found[]) | not))
    | [.severity, .rule, .subject, .says]]' "$OUT/report.json" 2>&1)"
}

# sound: what holds of every archive that came to its end, on every kernel.
sound() {
  fact '.collection.complete' true
  fact '.collection.problems' '[]'
  fact '.collection.sources_not_understood' 0
  fact '.env.kind' '"vm"'
  # The terms of the memory identity add up, within what per-CPU lists and rounding hide.
  fact '.memory.identity.residual_ratio | fabs < 0.05' true
}

# unchanged WHAT...: of `state` in the guest, before and after the collection.
unchanged() {
  local what
  for what in "$@"; do
    if [ ! -e "$OUT/before/$what" ]; then
      fail "the guest recorded no $what"
    elif ! diff "$OUT/before/$what" "$OUT/after/$what" >"$RUN/answer"; then
      fail "$what changed: $(head -8 "$RUN/answer")"
    fi
  done
}

# ended STATUS SECONDS: the collector's exit status, and that it took no longer.
ended() {
  same "exit status ($(tail -3 "$OUT/stderr" 2>/dev/null))" "$1" "$(cat "$OUT/status" 2>/dev/null)"
  holds "it took $(cat "$OUT/seconds") s, more than $2" awk -v most="$2" '{ exit $1 > most }' "$OUT/seconds"
}

# journal FILTER: the journal's lines through jq.
journal() { cat "$OUT"/archive/journal/*.jsonl | jq -cs "map(select(has(\"path\"))) | $1"; }

# outcome PATH: what the journal says became of a source, in the first pass.
outcome() { journal "map(select(.path == \"$1\"))[0].outcome" | tr -d '"'; }

# collected PATH...: files of the archive that hold what was read, and are not empty.
collected() {
  local path
  for path in "$@"; do
    same "outcome of $path" collected "$(outcome "$path")"
    [ -s "$OUT/archive/$path" ] || [ -s "$OUT/archive/$path.part00000" ] || fail "$path is empty"
  done
}

# record PACK KEY [PASS]: header line of one record of a pack (key, bytes, outcome, microseconds),
# and its content behind it; of the first pass, of another, or of every pass (`any`).
record() {
  local packs=("$OUT/archive/packs/$1"*)
  case ${3:-0} in
    0) ;;
    any) packs+=("$OUT"/archive/samples/*/packs/"$1"*) ;;
    *) packs=("$OUT/archive/samples/$3/packs/$1"*) ;;
  esac
  cat "${packs[@]}" 2>/dev/null |
    KEY=$2 perl -0777 -ne 'while (/\G(\S+) (\d+) (\S+) (\d+)\n/gc) { my $c = substr($_, pos, $2);
      pos($_) += $2; print "$1 $2 $3 $4\n$c" if $1 eq $ENV{KEY} }'
}

# record_outcome PACK KEY [PASS]: `absent` when the pack has no such record.
record_outcome() {
  record "$@" | awk 'NR == 1 { print $3; found = 1 } END { if (!found) print "absent" }'
}

# last_pass: the number of the end set.
last_pass() { find "$OUT/archive/samples" -maxdepth 1 -name '[0-9]*' -printf '%f\n' | sort -n | tail -1; }

# facts_without PATTERN...: the facts of the same archive when the entries that match are lost.
facts_without() {
  rm -rf "$RUN/less" && cp -r "$OUT/archive" "$RUN/less" || return 1
  # shellcheck disable=SC2068
  (cd "$RUN/less" && rm -r $@) && "$LINSIGHT" facts "$RUN/less" 2>/dev/null
}

# agree WHAT FILTER LEAST OURS THEIRS: of the facts below a filter, those that are told both by our own
# decoding of raw tables and by a tool's text are the same, and there are at least so many. The two
# files hold the facts of one archive, without the tool's text and without the raw tables.
agree() {
  local told
  told=$(jq -cn --slurpfile ours "$4" --slurpfile theirs "$5" \
    "def leaves: [$2] | [paths(scalars) as \$p | {p: \$p, v: getpath(\$p)}];
     (\$theirs[0] | leaves | map({key: (.p | tojson), value: .v}) | from_entries) as \$t
     | [\$ours[0] | leaves[] | select(\$t[.p | tojson] != null)]
     | {both: length, differ: map(select(.v != \$t[.p | tojson]) | . + {theirs: \$t[.p | tojson]})}")
  same "$1: ours and theirs" '[]' "$(jq -c .differ <<<"$told")"
  holds "$1: too few facts are told by both: $told" jq -e ".both >= $3" <<<"$told"
}
