#!/usr/bin/env bash
# Runs gleaner against peers that do the same work, in turn, and prints processor seconds, peak memory and ratios.
#
#   benches/compare.sh PEERS [ROUNDS] [CATALOG...]
#
# PEERS is a folder with a Python in venv/bin, `peer_best.py generate|import STORE …`, and data sets under
# data/n50000_mCATALOG: groups.jsonl, entities.jsonl, output.jsonl, gold.jsonl and store.db, which the peers start from.
# GLEANER names the program, else target/release/gleaner. Every run has a fresh copy of its database, which is not timed.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
peers=$(cd "$1" && pwd)
rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 5000 100000
gleaner=$(realpath "${GLEANER:-target/release/gleaner}")
python=$peers/venv/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Prints the median of some runs as "seconds MiB": user and system time and the peak memory of each child.
timed() {
    "$python" - "$rounds" "$1" "${@:2}" <<'PY'
import os, statistics, subprocess, sys
rounds, before, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
cpu, peak = [], []
for _ in range(rounds):
    subprocess.run(before, shell=True, check=True)
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    cpu.append(used.ru_utime + used.ru_stime)
    peak.append(used.ru_maxrss / 1024)
print(f"{statistics.median(cpu):.2f} {statistics.median(peak):.0f}")
PY
}

# Prints a row: what, ours, the peer's (or -), and how many times the peer's ours is.
row() {
    local what=$1 ours=$2 theirs=${3:--}
    awk -v what="$what" -v ours="$ours" -v theirs="$theirs" 'BEGIN {
        split(ours, a, " "); split(theirs, b, " ")
        ratio = theirs == "-" ? "" : sprintf("%.2fx", a[1] / b[1])
        printf "%-44s %8.2f s %5d MiB   %12s   %s\n", what, a[1], a[2], theirs == "-" ? "" : b[1] " s " b[2] " MiB", ratio
    }'
}

echo "$("$gleaner" --version), $rounds rounds, load $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || echo unknown)"
for catalog in "$@"; do
    data=$peers/data/n50000_m$catalog
    own=$folder/own$catalog
    mkdir -p "$own"
    ours="$gleaner -q --db $own/g.db"
    fresh="rm -rf $own/batch_files $own/g.db*"
    row "load groups, 50,000" "$(timed "$fresh" $ours load groups "$data/groups.jsonl")"
    $ours load entities "$data/entities.jsonl" >/dev/null
    cp "$own/g.db" "$own/loaded.db"
    row "load entities, $catalog" "$(timed "$fresh; $ours load groups $data/groups.jsonl >/dev/null" $ours load entities "$data/entities.jsonl")"
    row "batch create --no-submit" \
        "$(timed "$fresh; cp $own/loaded.db $own/g.db" $ours batch create --no-submit)" \
        "$(timed "rm -rf $folder/out" "$python" "$peers/peer_best.py" generate "$data/store.db" "$folder/out")"
    cp "$own/g.db" "$own/asked.db"
    rm -rf "$own"/batch_files/*.jsonl "$folder/out"
    run=$($ours batch status --json | "$python" -c 'import json, sys; print(json.load(sys.stdin)["runs"][0]["run_id"])')
    row "batch process --file, catalog $catalog" \
        "$(timed "cp $own/asked.db $own/g.db" $ours batch process "$run" --file "$data/output.jsonl")" \
        "$(timed "cp $data/store.db $folder/peer.db" "$python" "$peers/peer_best.py" import "$folder/peer.db" "$data/output.jsonl" --fuzzy block)"
    row "the same file again" "$(timed true $ours batch process "$run" --file "$data/output.jsonl")"
    group=$(head -1 "$data/groups.jsonl" | "$python" -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
    $ours progress >/dev/null 2>&1
    $ours search report >/dev/null 2>&1
    for command in progress "show $group" topics entities "batch list" unresolved "search report" "search report --topic injury"; do
        # What is shown of one group depends on what it is.
        row "$command" "$(timed true $ours $command || echo '0 0')"
    done
done
