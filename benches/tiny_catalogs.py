#!/usr/bin/env python3
"""Makes a folder of labelled mentions over many tiny catalogs out of a larger one, for fitting.

  python3 benches/tiny_catalogs.py OUT TASK_FOLDER

Users start with fifty names, not fifty thousand. Each tiny catalog is a type of its own (`player#3`): some entities that
are mentioned, some that are not; half of its mentions mean none of them. Seeded, so the same folders give the same bytes.
"""
import json
import os
import random
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    out, folders = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    rnd = random.Random(11)
    files = {n: open(os.path.join(out, n + ".jsonl"), "w", encoding="utf-8") for n in ("catalog", "mentions", "labels")}
    put = lambda name, value: files[name].write(json.dumps(value, ensure_ascii=False) + "\n")
    number = 0
    for folder in folders:
        catalog = {e["id"]: e for e in read(folder + "/catalog.jsonl")}
        pairs = list(zip(read(folder + "/mentions.jsonl"), read(folder + "/labels.jsonl")))
        for size in (25, 50, 100, 200, 400, 25, 50, 100):
            number += 1
            inside = rnd.sample([p for p in pairs if p[1]["gold_id"] in catalog], 50)
            ids = {label["gold_id"] for _, label in inside[:size]}
            ids.update(rnd.sample(sorted(catalog), max(0, size - len(ids))))
            for id in sorted(ids):
                entity = dict(catalog[id])
                put("catalog", {**entity, "id": f"{number}:{id}", "type": f"{entity['type']}#{number}"})
            for mention, label in inside + rnd.sample(pairs, 50):
                there = label["gold_id"] in ids
                put("mentions", {**mention, "type": f"{mention['type']}#{number}"})
                put("labels", {"gold_id": f"{number}:{label['gold_id']}" if there else None, "kind": f"{size}"})


main()
