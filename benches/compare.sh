#!/usr/bin/env bash
# Runs gleaner against peers that do the same work, in turn, and prints the table of docs/speed.md: processor seconds (user
# and system), peak memory, what the best peer takes, and the ratio.
#
#   benches/compare.sh PEERS [ROUNDS] [CATALOG...]
#
# PEERS is a folder with a Python in venv/bin (with sqlite-utils), `peer_best.py generate|import STORE …`, and data sets
# under data/nGROUPS_mCATALOG: groups.jsonl, entities.jsonl, output.jsonl, and for 50,000 groups store.db, which the
# peers start from. Rows whose data set is not there are left out. `score.py STORE gold.jsonl`, where it is there, says
# how good the links are. CATALOG is 5000 and 100000 unless given; rates of `resolve` are measured with every catalog.
# GLEANER names the program, else target/release/gleaner. Every run has a fresh copy of its database, which is not timed.
# `cargo bench --bench own -- DATABASE`, printed at the end where KEEP names a folder for the databases, is the least that
# gleaner's own promises cost.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2; }
peers=$(cd "$1" && pwd)
rounds=${2:-3}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- 5000 100000
gleaner=$(realpath "${GLEANER:-target/release/gleaner}")
python=$peers/venv/bin/python
folder=$(mktemp -d "${KEEP:-${TMPDIR:-/tmp}}/compare.XXXXXX")
[ -n "${KEEP:-}" ] || trap 'rm -rf "$folder"' EXIT

# Prints the medians of some runs of a command as "seconds MiB wall": user and system time, the peak memory of the child,
# and the time of the clock. BEFORE is run before each and not timed.
timed() {
    "$python" - "$rounds" "$1" "${@:2}" <<'PY'
import os, statistics, subprocess, sys, time
rounds, before, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
cpu, peak, wall = [], [], []
for _ in range(rounds):
    subprocess.run(["bash", "-c", before], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall.append(time.monotonic() - begun)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    cpu.append(used.ru_utime + used.ru_stime)
    peak.append(used.ru_maxrss / 1024)
print(f"{statistics.median(cpu):.3f} {statistics.median(peak):.0f} {statistics.median(wall):.2f}")
PY
}

# Prints a row: what, ours, the peer's (or -), and how many times the peer's ours is.
row() {
    awk -v what="$1" -v ours="$2" -v theirs="${3:--}" 'BEGIN {
        split(ours, a, " "); split(theirs, b, " ")
        cpu = a[1] < 1 ? sprintf("%8.0f ms", 1000 * a[1]) : sprintf("%8.2f s ", a[1])
        peer = theirs == "-" ? "" : sprintf("%6.2f s %5d MiB  %.2fx", b[1], b[2], a[1] / b[1])
        printf "%-46s %s %5d MiB %7.2f s wall   %s\n", what, cpu, a[2], a[3], peer
        fflush()
    }'
}

# Prints the first data set with a catalog of so many entities.
data_with() {
    for found in "$peers"/data/n*_m"$1"; do
        [ ! -e "$found/entities.jsonl" ] || { echo "$found"; return; }
    done
}

# Prints the mentions of output lines, no one twice, as lines for `resolve --file`.
mentions() {
    "$python" - "$1" <<'PY'
import json, sys
seen = set()
for line in open(sys.argv[1], encoding="utf-8"):
    try:
        body = json.loads(line)["response"]["body"]
        text = "".join(part["text"] for item in body["output"] for part in item.get("content") or ())
        found = json.loads(text).get("entities", [])
    except (ValueError, KeyError, TypeError, AttributeError):
        continue
    for mention in found:
        hints = {name: value for name, value in mention.items()
                 if value and name not in ("type", "mention", "is_primary", "confidence", "rank")}
        row = json.dumps({"mention": mention["mention"], "type": mention["type"], "hints": hints}, ensure_ascii=False)
        if row not in seen and len(seen) < 100_000:
            seen.add(row)
            print(row)
PY
}

# Writes the texts of a database into a full-text index, and nothing else: the least that a first search can cost.
bare_fts() {
    "$python" - "$@" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[2], isolation_level=None)
db.execute("PRAGMA synchronous = FULL")
db.execute("ATTACH ? AS source", [sys.argv[1]])
db.execute("CREATE VIRTUAL TABLE f USING fts5 (title, stories, tokenize = 'porter unicode61 remove_diacritics 2')")
db.execute("""INSERT INTO f (rowid, title, stories) SELECT g.id, g.title, group_concat(coalesce(s.title, '') || ' ' || s.text, ' ')
              FROM source.story_groups g JOIN source.stories s ON s.story_group_id = g.id GROUP BY g.id ORDER BY g.id""")
PY
}

# Writes the links of a database as the peers have them.
linked() {
    "$python" - "$@" <<'PY'
import os, sqlite3, sys
if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
db = sqlite3.connect(sys.argv[2])
db.execute("ATTACH ? AS source", [sys.argv[1]])
db.execute("""CREATE TABLE story_entities AS
              SELECT g.external_id AS group_id, m.entity_type, m.mention_text AS mention, e.external_id AS entity_id
              FROM source.story_entities m JOIN source.story_groups g ON g.id = m.story_group_id
              LEFT JOIN source.entities e ON e.id = m.entity_id ORDER BY m.story_group_id, m.ordinal DESC""")
PY
}

# Commits to a database something that changes nothing.
touch_file() {
    "$python" -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("UPDATE meta SET value = value"); db.commit()' "$1"
}
export python
export -f bare_fts touch_file

echo "$("$gleaner" --version), $rounds rounds, load $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || echo unknown)"
for catalog in "$@"; do
    data=$peers/data/n50000_m$catalog
    [ -e "$data/groups.jsonl" ] || continue
    own=$folder/own$catalog
    mkdir -p "$own"
    ours="$gleaner -q --db $own/g.db"
    fresh="rm -rf $own/batch_files $own/g.db* $folder/peer*"
    row "load groups, 50,000" "$(timed "$fresh" $ours load groups "$data/groups.jsonl")" \
        "$(timed "$fresh" "$peers/venv/bin/sqlite-utils" insert "$folder/peer.db" groups "$data/groups.jsonl" --nl)"
    $fresh
    $ours load groups "$data/groups.jsonl" >/dev/null
    cp "$own/g.db" "$own/groups.db"
    row "load entities, $catalog, index included" \
        "$(timed "$fresh; cp $own/groups.db $own/g.db" $ours load entities "$data/entities.jsonl")" \
        "$(timed "$fresh" "$peers/venv/bin/sqlite-utils" insert "$folder/peer.db" entities "$data/entities.jsonl" --nl)"
    cp "$own/groups.db" "$own/g.db"
    $ours load entities "$data/entities.jsonl" >/dev/null
    cp "$own/g.db" "$own/loaded.db"
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
    if [ -e "$peers/score.py" ]; then
        linked "$own/g.db" "$folder/linked.db"
        "$python" "$peers/score.py" "$folder/linked.db" "$data/gold.jsonl" | sed 's/^/    /'
    fi
    row "search, the first" "$(timed "cp $own/g.db $own/s.db" "$gleaner" -q --db "$own/s.db" search report)" \
        "$(timed "rm -f $folder/fts.db" bash -c "bare_fts $own/g.db $folder/fts.db")"
    rm -f "$own/s.db" "$folder/fts.db"
    $ours search report >/dev/null
    group=$(head -1 "$data/groups.jsonl" | "$python" -c 'import json, sys; print(json.loads(sys.stdin.readline())["id"])')
    topic=$($ours topics --json | "$python" -c 'import json, sys; d = json.load(sys.stdin); print((d if isinstance(d, list) else d["topics"])[0]["topic"])')
    entity=$($ours entities --json | "$python" -c 'import json, sys; d = json.load(sys.stdin); e = (d if isinstance(d, list) else d["entities"])[0]; print(e["name"])')
    row "progress, the first after a change" "$(timed "touch_file $own/g.db" $ours progress)"
    for command in progress "show $group" topics entities "related $group" "batch list" unresolved "search report"; do
        row "$command" "$(timed true $ours $command)"
    done
    row "search report --topic \"$topic\"" "$(timed true $ours search report --topic "$topic")"
    row "search report --entity \"$entity\"" "$(timed true $ours search report --entity "$entity")"
    rm -f "$own/loaded.db" "$own/asked.db" "$own/groups.db"
done

if [ -e "$peers/data/n3500_m5000/groups.jsonl" ]; then
    data=$peers/data/n3500_m5000
    mkdir -p "$folder/few"
    ours="$gleaner -q --db $folder/few/g.db"
    $ours load groups "$data/groups.jsonl" >/dev/null
    cp "$folder/few/g.db" "$folder/few/loaded.db"
    row "batch create --no-submit, 3,500 groups" \
        "$(timed "rm -rf $folder/few/batch_files; cp $folder/few/loaded.db $folder/few/g.db" $ours batch create --no-submit)"
fi
for catalog in 1000 10000 100000 1000000; do
    data=$(data_with "$catalog")
    [ -n "$data" ] || continue
    mkdir -p "$folder/rates"
    ours="$gleaner -q --db $folder/rates/$catalog.db"
    row "load entities, $catalog, nothing else" \
        "$(timed "rm -f $folder/rates/$catalog.db $folder/peer*" $ours load entities "$data/entities.jsonl")" \
        "$(timed "rm -f $folder/peer*" "$peers/venv/bin/sqlite-utils" insert "$folder/peer.db" entities "$data/entities.jsonl" --nl)"
    mentions "$data/output.jsonl" >"$folder/mentions.jsonl"
    n=$(wc -l <"$folder/mentions.jsonl")
    taken=$(timed true $ours resolve --file "$folder/mentions.jsonl")
    row "resolve --file, $n mentions, catalog $catalog" "$taken"
    awk -v n="$n" -v taken="$taken" 'BEGIN { split(taken, a, " "); printf "    %.0f mentions a processor second\n", n / a[1] }'
    row "resolve, one mention, catalog $catalog" "$(timed true $ours resolve "$(head -1 "$folder/mentions.jsonl" | "$python" -c 'import json, sys; print(json.load(sys.stdin)["mention"])')")"
    rm -f "$folder/rates/$catalog.db"
done
if [ -n "${KEEP:-}" ] && command -v cargo >/dev/null; then
    for database in "$folder"/own*/g.db; do
        cargo bench --quiet --bench own -- "$database"
    done
fi
