#!/usr/bin/env python3
"""Makes a catalog of any size out of recombined names, with labelled mentions, for measuring speed and recall by size.

  python3 benches/recombined.py OUT --entities 100000 [--mentions 30000] [--seed 7]
  cargo bench --bench resolve_quality -- OUT --rounds 10

85 % people with team and position, 10 % companies and teams, 5 % places; surnames are made of syllables and spread like
real ones, a few very common and most rare. Mentions: 60 % exact, 25 % varied a little (a typing error, capitals, an
initial), 10 % the last name with the hints, 5 % of somebody who is not there. The same arguments give the same bytes.
"""
import argparse
import json
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
STARTS = "b br c ch d dr f fl g gr h j k kr l m n p pr qu r s sch st t th tr v w wh y z".split()
MIDDLES = "a e i o u ai ea ie oo ou".split()
ENDS = "n r l s t ck nd rt ll ss ng m p x".split()
TAILS = ["", "", "", "son", "man", "berg", "ford", "ley", "ton", "ez", "ov", "ini", "sky", "er"]
NICKS = "Hawks Rovers Falcons Mariners Wolves Pilots Miners Comets Foxes Lancers Stags Otters Titans Knights".split()
FORMS = ["Inc.", "Group", "Ltd", "Partners", "Holdings", "Foundation", "Media", "Bank", "Institute", "Corp."]
PLACES = ["ville", " City", " Falls", " Bay", " Springs", "field", " Heights", "stad"]
POSITIONS = "quarterback guard tackle center linebacker safety kicker goalkeeper midfielder striker pitcher".split()


def given_names():
    """All forms of the resolver's own table."""
    with open(os.path.join(HERE, "..", "src", "resolve", "names", "first_names.tsv"), encoding="utf-8") as file:
        lines = [line.split() for line in file if not line.startswith("#")]
    return [form.capitalize() for form in dict.fromkeys(form for line in lines for form in line)]


def surname(rnd):
    syllable = lambda: rnd.choice(STARTS) + rnd.choice(MIDDLES) + (rnd.choice(ENDS) if rnd.random() < 0.6 else "")
    return ("".join(syllable() for _ in range(rnd.choice([1, 2, 2, 3]))) + rnd.choice(TAILS)).capitalize()


def zipf(rnd, values, n):
    return rnd.choices(values, [1 / (i + 10) for i in range(len(values))], k=n)


def typo(rnd, text):
    at = rnd.randrange(1, max(2, len(text) - 1))
    swapped = text[:at] + text[at + 1:at + 2] + text[at] + text[at + 2:]
    return rnd.choice([swapped, text[:at] + text[at + 1:], text[:at] + rnd.choice("aeioustr") + text[at + 1:]])


def varied(rnd, entity):
    name = entity["name"]
    kind = rnd.randrange(4 if entity["type"] == "person" else 3)
    if kind == 0:
        return name.upper()
    return typo(rnd, name) if kind < 3 else name[0] + ". " + name.split(" ", 1)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--entities", type=int, required=True)
    parser.add_argument("--mentions", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    rnd, n = random.Random(args.seed), args.entities
    given = given_names()
    surnames = list(dict.fromkeys(surname(rnd) for _ in range(max(2000, n // 4))))
    places = [rnd.choice(surnames) + rnd.choice(PLACES) for _ in range(max(1, n // 20))]
    teams = [f"{rnd.choice(places)} {rnd.choice(NICKS)}" for _ in range(max(32, n // 150))]
    catalog = []
    put = lambda kind, name, **attributes: catalog.append(
        {"id": f"e{len(catalog)}", "type": kind, "name": name, "attributes": attributes})
    n_people = n - n // 10 - len(places)
    for first, last in zip(zipf(rnd, given, n_people), zipf(rnd, surnames, n_people)):
        put("person", f"{first} {last}", team=rnd.choice(teams), position=rnd.choice(POSITIONS))
    for at in range(n // 10):
        put("organization", teams[at] if at < len(teams) else f"{rnd.choice(surnames)} {rnd.choice(FORMS)}")
    for place in places:
        put("place", place, country=rnd.choice(["US", "CA", "GB", "DE", "ES", "FR", "BR"]))
    known = {entity["name"] for entity in catalog}
    os.makedirs(args.out, exist_ok=True)
    files = {name: open(os.path.join(args.out, name + ".jsonl"), "w", encoding="utf-8")
             for name in ("catalog", "mentions", "labels")}
    write = lambda name, value: files[name].write(json.dumps(value, ensure_ascii=False) + "\n")
    for entity in catalog:
        write("catalog", entity)
    for entity in zipf(rnd, rnd.sample(catalog, n), args.mentions):
        draw, kind, gold = rnd.random(), "exact", entity["id"]
        hints = {k: v for k, v in entity["attributes"].items() if k != "country" and rnd.random() < 0.7}
        text = entity["name"]
        if draw >= 0.95:
            kind, gold = "absent", None
            while text in known:
                text = f"{rnd.choice(given)} {surname(rnd)}"
        elif draw >= 0.85 and entity["type"] == "person":
            kind, text, hints = "last name", text.split(" ", 1)[1], entity["attributes"]
        elif draw >= 0.60:
            kind, text = "varied", varied(rnd, entity)
        write("mentions", {"mention": text, "type": entity["type"], "hints": hints})
        write("labels", {"gold_id": gold, "kind": kind})


main()
