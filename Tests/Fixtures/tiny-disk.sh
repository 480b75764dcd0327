#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Fills a real file system of a few MiB under a hub: tiny-disk.sh KREISNETZ FOLDER PORT with|without
# Run by `unshare --map-root-user --mount`; the file system is gone with it. "with": a daemon runs.
# Says in a line each what happened: "confirmed NAME", "refused STATUS TEXT", "listed COUNT", …
set -eu
kreisnetz=$1
cd "$2"
mkdir disk
mount -t tmpfs -o size=4m,mode=0700 tmpfs disk
export KREISNETZ_STATE="$PWD/disk/hub"
"$kreisnetz" hub init --name Musterkreis --ags 05999 --url "https://127.0.0.1:$3" >/dev/null

daemon=
if [ "$4" = with ]; then
  "$kreisnetz" hub run --state "$KREISNETZ_STATE" >daemon.log 2>&1 &
  daemon=$!
  until "$kreisnetz" status | grep -q 'daemon *running'; do sleep 0.1; done
fi

# All that is left but a little.
head -c 300000 /dev/zero >disk/reserve
cat /dev/zero >disk/filler 2>/dev/null || true
rm disk/reserve

text=$(head -c 9000 /dev/zero | tr '\0' x)
number=0
while :; do
  number=$((number + 1))
  if "$kreisnetz" add organization name="Haus $number" description="$text" >/dev/null 2>errors; then
    echo "confirmed Haus $number"
  else
    status=$?
    echo "refused $status $(tr '\n' ' ' <errors)"
    break
  fi
  [ $number -lt 200 ] || break
done
echo "listed $("$kreisnetz" list organization --json | wc -l)"
"$kreisnetz" add organization name=Nie description="$text" >/dev/null 2>errors || echo "refused $? $(tr '\n' ' ' <errors)"

rm disk/filler
"$kreisnetz" add organization name=Danach >/dev/null && echo "confirmed Danach"
"$kreisnetz" log verify >verified && echo "sound"
"$kreisnetz" list organization --json
if [ -n "$daemon" ]; then
  kill -0 $daemon && echo "running"
  kill $daemon
  wait $daemon && echo "stopped"
fi
