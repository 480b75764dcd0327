# SPDX-License-Identifier: EUPL-1.2
# Sourced before the commands of a document: what they and their preparations may use.
set -euo pipefail
export PATH=$SHIMS:$PATH
umask 022
mkdir -p "$ROOT"/{var/lib/kreisnetz,etc/kreisnetz,srv/backup,work}
cp "$DEPLOY"/../config/*.yaml "$ROOT/etc/kreisnetz"
cd "$ROOT/work"
# Scripts of the project are run elsewhere, by the gate or by hand; here a document's must be there.
mkdir deploy
for script in "$DEPLOY"/*; do [ ! -f "$script" ] || [ ! -x "$script" ] || ln -s /bin/true "deploy/${script##*/}"; done
trap 'code=$?; for file in "$ROOT"/*.pid; do [ ! -e "$file" ] || kill "$(cat "$file")" || true; done
  exit $code' EXIT

# Repeats a command until it succeeds, for at most half a minute.
until_true() {
  local end=$((SECONDS + 30))
  until "$@" >"$ROOT/last.out" 2>&1; do
    [ $SECONDS -lt $end ] || { echo "waited for: $*" >&2; cat "$ROOT/last.out" >&2; return 1; }
    sleep 0.1
  done
}
state() { echo "$ROOT/var/lib/kreisnetz/$1"; }
found_hub() {
  kreisnetz hub init --state "$(state hub)" --name "Märkischer Kreis" --ags 05962 --url "$URL" >/dev/null
  systemctl start kreisnetz-hub
}
# A hub for a course, at the other address.
start_hub() {
  KREISNETZ_LISTEN_ADDRESS=127.0.0.1 setsid "$BINARY" hub run --state "$(state "$1")" \
    >>"$ROOT/$1.log" 2>&1 </dev/null &
  echo $! >"$ROOT/$1.pid"
  until_true grep running "$ROOT/$1.log"
}
join_town() {
  kreisnetz hub invite --name "$1" --title "$2" --ags "$3" --state "$(state hub)" >"$ROOT/invite"
  kreisnetz town join - --state "$(state "$1")" <"$ROOT/invite" >/dev/null
  systemctl start "kreisnetz-town@$1"
}
in_town() { local town=$1; shift; kreisnetz "$@" --state "$(state "$town")"; }
# A hub, Halver with a few records, and one of Balve's that everybody knows.
prepare() {
  found_hub
  join_town halver Halver 05962012
  join_town meinerzhagen Meinerzhagen 05962036
  in_town halver add organization name="Kita Löwenzahn" city=Halver external_id=kita-loewenzahn
  in_town halver add contact name="Petra Beispiel" legal_basis=public_task source=Haus external_id=petra
  in_town meinerzhagen add organization name="Kita Pusteblume" external_id=kita-pusteblume
  until_true in_town halver show key:kita-pusteblume
  until_true in_town meinerzhagen show key:kita-loewenzahn
}
