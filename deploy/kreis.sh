# SPDX-License-Identifier: EUPL-1.2
# A hub and its towns as processes on this machine, for `deploy/demo`.
# Sourced, not run. Everything lives below $root and ends with the script that sourced it.

fixtures=Tests/Fixtures/maerkischer-kreis
started=$SECONDS
towns=(balve halver herscheid kierspe meinerzhagen nachrodt-wiblingwerde neuenrade schalksmuehle)
declare -A title=(
  [balve]=Balve [halver]=Halver [herscheid]=Herscheid [kierspe]=Kierspe
  [meinerzhagen]=Meinerzhagen [nachrodt-wiblingwerde]=Nachrodt-Wiblingwerde
  [neuenrade]=Neuenrade [schalksmuehle]=Schalksmühle)
declare -A ags=(
  [balve]=05962008 [halver]=05962012 [herscheid]=05962020 [kierspe]=05962028
  [meinerzhagen]=05962036 [nachrodt-wiblingwerde]=05962044 [neuenrade]=05962048
  [schalksmuehle]=05962056)
step() { printf '\n\033[1m%s\033[0m  (%d s)\n' "$*" $((SECONDS - started)); }
fail() {
  printf '\nFailed: %s\nLogs: %s\n' "$*" "$root" >&2
  keep_files=true
  exit 1
}

deploy/prerequisites
step "Building; the first time takes about ten minutes"
# The very build that `deploy/package` packs.
kreisnetz=$(deploy/release kreisnetz)

root=$(mktemp --directory "${TMPDIR:-/tmp}/kreisnetz-demo.XXXXXX")
keep_files=false
declare -A pid=()
watchers=()

stop() {
  local running=("${pid[@]}" "${watchers[@]}")
  if [ ${#running[@]} -gt 0 ]; then
    kill "${running[@]}" 2>/dev/null || true
    wait "${running[@]}" 2>/dev/null || true
  fi
  pid=() watchers=()
}
finish() {
  local status=$?
  trap - EXIT INT TERM
  stop
  $keep_files || rm -rf "$root"
  exit $status
}
trap finish EXIT
trap 'echo; echo "Stopping …"; exit 130' INT TERM

state() { echo "$root/$1"; }
run() { "$kreisnetz" "$1" run --state "$(state "$2")" 2>>"$root/$2.log" & pid[$2]=$!; }
halt() {
  kill -TERM "${pid[$1]}"
  wait "${pid[$1]}" || fail "$1 did not stop in good order"
  unset "pid[$1]"
}

# Repeats a command until it succeeds, at most for a minute.
until_true() {
  local what=$1 deadline=$((SECONDS + 60))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited a minute for: $what"
    sleep 0.05
  done
}
answers() { "$kreisnetz" status --state "$(state "$1")" --json | grep --quiet '"daemon":true'; }
has_sent_all() { "$kreisnetz" status --state "$(state "$1")" --json | grep --quiet '"unsent":0'; }
verify() { "$kreisnetz" log verify --state "$(state "$1")"; }

# The state of one scope as an independent process reads it from the replica's files: entries,
# records, missing values, feed position, hash over the logs, hash over the folded state.
scope_digest() { verify "$1" | awk -v scope="$2" '$1 == scope' | tr --squeeze-repeats ' '; }
shared_digest() { verify "$1" | awk '$1 == "public" || $1 == "kreis"' | tr --squeeze-repeats ' '; }
all_equal() {
  local expected town
  expected=$(shared_digest hub)
  [ "$(wc --lines <<<"$expected")" = 2 ] || return 1
  for town in "${towns[@]}"; do
    [ "$(shared_digest "$town")" = "$expected" ] || return 1
  done
}
count() { "$kreisnetz" list "$2" --state "$(state "$1")" --json | wc -l; }

found_the_hub() {
  step "A hub for the Märkischer Kreis"
  port=$(for _ in {1..50}; do
    candidate=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || { echo $candidate && break; }
  done)
  "$kreisnetz" hub init --state "$(state hub)" --name "Märkischer Kreis" --ags 05962 \
    --url "https://127.0.0.1:$port"
  run hub hub
  until_true "the hub to answer" answers hub
}

join_the_towns() {
  step "Eight municipalities join by invite"
  for town in "${towns[@]}"; do
    "$kreisnetz" hub invite --state "$(state hub)" --name "$town" --title "${title[$town]}" \
      --ags "${ags[$town]}" >"$root/$town.invite"
    "$kreisnetz" town join - --state "$(state "$town")" <"$root/$town.invite"
    run town "$town"
  done
  for town in "${towns[@]}"; do until_true "$town to answer" answers "$town"; done
}
