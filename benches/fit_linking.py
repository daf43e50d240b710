#!/usr/bin/env python3
"""Fits the resolver's two forests on labelled mentions and writes benches/linking_forests.txt.

  for t in a b c; do
    python3 benches/tiny_catalogs.py TINY/$t DATA/$t
    cargo bench --bench resolve_quality -- DATA/$t --features OUT/$t.csv
    cargo bench --bench resolve_quality -- DATA/$t --mined 1500 --features OUT/mined-$t.csv
    cargo bench --bench resolve_quality -- TINY/$t --features OUT/tiny-$t.csv
  done
  python3 benches/fit_linking.py OUT/*.csv --unseen --out benches/linking_forests.txt

Each CSV is one task; `tiny-NAME` is made of the task NAME and never helps to judge it as unseen. Every task weighs the
same, a tiny one a fifth. `mined-NAME` asks for entities of its catalog by their own names, with noise, once with the
entity there and once without: its nearest neighbours are then what must not be linked. Mentions whose entity was taken away (marked x) teach what absence looks like; they are never
measured. Constraints are monotone where the direction is a matter of meaning:
more agreement never lowers a score, more left unexplained never raises it. The figures printed are held out: by halves of
every task, and, harder, each task by a model that has never seen it. What is written is fitted on everything.

Needs numpy and lightgbm (pip install numpy lightgbm).
"""
import argparse
import os

import lightgbm as lgb
import numpy as np

UP = """mention_explained name_explained part_explained shared numbers_agree letters overlap sound form
initialism hint_agree support best gap""".split()
DOWN = """mention_rest_max name_rest_max mention_rest name_rest part_rest_max numbers_differ mention_numbers name_numbers
hint_against rival namesakes place second third close clash known_rest known_similar mention_telling
name_telling more edited""".split()


def read(path):
    """-> pair names, decision names, and per mention (rows, which is gold or None, whether it is in the catalog)"""
    with open(path, encoding="utf-8") as file:
        head = file.readline().rstrip("\n").split(",")
        bar = head.index("|")
        names, decision = head[3:bar], head[bar + 1:]
        mentions = {}
        for line in file:
            cells = line.rstrip("\n").split(",")
            key = (int(cells[0]), cells[2] == "x")
            rows, gold, _ = mentions.setdefault(key, ([], [], cells[2] == "1"))
            if cells[1] != "-1":
                rows.append(np.array(cells[3:bar], dtype=np.float32))
                gold.append(cells[1] == "1")
    return names, decision, mentions


# How much a mention whose entity was taken away counts beside one as it was labelled.
TAKEN_AWAY = 0.1
# How much tasks that were made out of another count beside it.
SHARES = {"tiny": 0.2, "mined": 0.06}
# What a name may have left unexplained to count as given whole, in the unit of rarity.
WHOLE = 0.5


def decidable(mentions, name_rest, initials):
    """Leaves out the absent ones that were made by shortening a name: of `J. Smith` nobody can tell which Smith is absent.

    Mined mentions come in pairs: with the entity, then without it.
    """
    left = {}
    for key, mention in mentions.items():
        whole = True
        if not mention[2]:
            rows, gold, _ = mentions.get((key[0] - 1, key[1]), ([], [], False))
            whole = any(is_gold and row[name_rest] < WHOLE and row[initials] == 0 for row, is_gold in zip(rows, gold))
        if whole:
            left[key] = mention
    return left


class Task:
    def __init__(self, path, taken_away):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.names, self.decision, mentions = read(path)
        if self.name.startswith("mined-"):
            mentions = decidable(mentions, self.names.index("name_rest"), self.names.index("initials"))
        keys = sorted(mentions)
        self.present = np.array([mentions[k][2] for k in keys])
        # Whether the mention is as it was labelled, not one whose entity was taken away.
        self.real = np.array([not k[1] for k in keys])
        self.weight = np.where(self.real, 1.0, taken_away) * SHARES.get(self.name.split("-")[0], 1.0)
        self.x = np.array([row for k in keys for row in mentions[k][0]], dtype=np.float32)
        # What a rule decides is not for the forest.
        rules = [self.names.index(name) for name in ("contradiction", "hint_contradiction")]
        self.penalty = self.x[:, rules].sum(axis=1)
        self.x = np.delete(self.x, rules, axis=1)
        self.names = [name for at, name in enumerate(self.names) if at not in rules]
        self.y = np.array([g for k in keys for g in mentions[k][1]])
        self.of = np.array([i for i, k in enumerate(keys) for _ in mentions[k][0]])
        self.count = len(keys)
        # A fixed, even split that has nothing to do with the order of the file. A mined mention is on one side with its twin
        # whose entity is absent.
        number = [k[0] // 2 if self.name.startswith("mined-") else k[0] for k in keys]
        self.half = np.array([(n * 2654435761 >> 7) % 2 for n in number])
        self.fold = np.array([n % 2 for n in number])
        self.starts = np.searchsorted(self.of, np.arange(self.count + 1))


def constraints(names):
    return [1 if n in UP else -1 if n in DOWN else 0 for n in names]


def train(x, y, w, names, trees, leaves, rate, minimum, seed=7):
    data = lgb.Dataset(x, y, weight=w, feature_name=list(names), free_raw_data=False)
    parameters = dict(
        objective="binary", learning_rate=rate, num_leaves=leaves, min_data_in_leaf=minimum, lambda_l2=5.0,
        feature_fraction=0.6, bagging_fraction=0.7, bagging_freq=1, monotone_constraints=constraints(names),
        monotone_constraints_method="intermediate", max_bin=63, verbose=-1, num_threads=1, seed=seed, deterministic=True,
    )
    return lgb.train(parameters, data, trees)


def fit_pair(tasks, masks, args):
    xs, ys, ws = [], [], []
    for task, mask in zip(tasks, masks):
        rows = mask[task.of]
        if not rows.any():
            continue
        xs.append(task.x[rows])
        ys.append(task.y[rows])
        ws.append(1000.0 / (mask & task.real).sum() * task.weight[task.of[rows]])
    w = np.concatenate(ws)
    return train(np.concatenate(xs), np.concatenate(ys), w / w.mean(), tasks[0].names, args.trees, args.leaves, args.rate, args.minimum)


def raw(model, task, rows=slice(None)):
    if not len(task.x[rows]):
        return np.zeros(0)
    scores = model.predict(task.x[rows], raw_score=True) - task.penalty[rows]
    return np.clip(scores, -9, 9)


def decide(task, scores):
    """-> features of the decision, whether the best is right, and whether there is a candidate at all"""
    width = len(task.decision)
    columns = [task.names.index(n) for n in task.decision[5:]]
    x, y, some = np.zeros((task.count, width), np.float32), np.zeros(task.count, bool), np.zeros(task.count, bool)
    for i in range(task.count):
        a, b = task.starts[i], task.starts[i + 1]
        if a == b:
            continue
        order = a + np.argsort(-scores[a:b], kind="stable")
        s = np.concatenate([scores[order][:3], [-9, -9, -9]])[:3]
        close = min(20, (scores[order][1:] > s[0] - 1.5).sum())
        x[i, :5] = [s[0], s[1], s[2], s[0] - s[1], close]
        x[i, 5:] = task.x[order[0], columns]
        y[i], some[i] = task.y[order[0]], True
    return x, y, some


def fit_decision(parts, names, args):
    x = np.concatenate([p[0] for p in parts])
    y = np.concatenate([p[1] for p in parts])
    w = np.concatenate([p[2] for p in parts])
    return train(x, y, w / w.mean(), names, args.decision_trees, args.decision_leaves, 0.06, 40)


def measure(present, some, right, probability, threshold):
    linked = some & (probability >= threshold)
    tp, fp = (linked & right).sum(), (linked & ~right).sum()
    fn = present.sum() - tp
    precision, recall = tp / max(1, tp + fp), tp / max(1, tp + fn)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return 100 * precision, 100 * recall, 100 * f1, 100 * (~linked)[~present].mean()


def out_of_fold(tasks, masks, args, folds=2):
    """Scores of mentions by models that did not see them, where the mask is true."""
    scores = [np.zeros(len(t.x)) for t in tasks]
    for fold in range(folds):
        inside = [m & (t.fold != fold) for t, m in zip(tasks, masks)]
        model = fit_pair(tasks, inside, args)
        for t, m, s in zip(tasks, masks, scores):
            rows = (m & (t.fold == fold))[t.of]
            s[rows] = raw(model, t, rows)
    return scores


def whole_fit(tasks, masks, args):
    oof = out_of_fold(tasks, masks, args)
    parts = []
    for t, m, s in zip(tasks, masks, oof):
        x, y, some = decide(t, s)
        keep = m & some
        if keep.any():
            parts.append((x[keep], y[keep], 1000.0 / (m & t.real).sum() * t.weight[keep]))
    return fit_pair(tasks, masks, args), fit_decision(parts, tasks[0].decision, args)


def report(title, tasks, pair, decision, masks, thresholds=(0.5,)):
    for threshold in thresholds:
        figures = []
        for t, m in zip(tasks, masks):
            m = m & t.real
            if not m.any():
                continue
            x, y, some = decide(t, raw(pair, t))
            p = decision.predict(x)
            f = measure(t.present[m], some[m], y[m], p[m], threshold)
            if t.name.split("-")[0] not in SHARES:
                figures.append(f)
            print(f"{title:10s} {threshold:.2f} {t.name:8s} precision {f[0]:.1f} recall {f[1]:.1f} F1 {f[2]:.1f} absent {f[3]:.1f}")
        if len(figures) > 1:
            mean = np.mean(figures, axis=0)
            print(f"{title:10s} {threshold:.2f} mean     precision {mean[0]:.1f} recall {mean[1]:.1f} F1 {mean[2]:.1f} absent {mean[3]:.1f}")


def write(path, pair, decision):
    """Writes both forests, a line a tree: its nodes in preorder, `feature<threshold~mean` or `=value`."""
    def tree(node, nodes):
        if "leaf_value" in node:
            nodes.append(f"={node['leaf_value']:.4f}")
            return
        nodes.append(f"{node['split_feature']}<{node['threshold']:.5g}~{node['internal_value']:.4f}")
        tree(node["left_child"], nodes)
        tree(node["right_child"], nodes)

    lines = ["# Two forests of decision trees, written by benches/fit_linking.py; "
             "src/resolve/matching/forest.rs says how they are read."]
    for section, model in [("pair", pair), ("decision", decision)]:
        dump = model.dump_model()
        lines += [f"[{section}] 0", "features " + " ".join(dump["feature_names"])]
        for info in dump["tree_info"]:
            nodes = []
            tree(info["tree_structure"], nodes)
            lines.append(" ".join(nodes))
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{path}: {len(lines)} lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", nargs="+")
    parser.add_argument("--out")
    parser.add_argument("--trees", type=int, default=110)
    parser.add_argument("--leaves", type=int, default=26)
    parser.add_argument("--weights", default="", help="of tasks that count more, as `a=2,b=1.5`")
    parser.add_argument("--taken-away", type=float, default=TAKEN_AWAY)
    parser.add_argument("--minimum", type=int, default=120, help="pairs a leaf stands for, at least")
    parser.add_argument("--rate", type=float, default=0.09)
    parser.add_argument("--decision-trees", type=int, default=60)
    parser.add_argument("--decision-leaves", type=int, default=8)
    parser.add_argument("--thresholds", default="0.4,0.5,0.9", help="of the figures held out and unseen")
    parser.add_argument("--only-final", action="store_true")
    parser.add_argument("--unseen", action="store_true", help="also each task by a model that never saw it")
    args = parser.parse_args()
    tasks = [Task(path, args.taken_away) for path in args.csv]
    for name, weight in (pair.split("=") for pair in args.weights.split(",") if pair):
        for task in tasks:
            if task.name.removeprefix("tiny-") == name:
                task.weight = task.weight * float(weight)
    thresholds = [float(t) for t in args.thresholds.split(",")]
    every = [np.ones(t.count, bool) for t in tasks]
    if not args.only_final:
        first = [t.half == 0 for t in tasks]
        second = [t.half == 1 for t in tasks]
        models = whole_fit(tasks, first, args)
        report("half", tasks, *models, second, thresholds)
    if args.unseen:
        for left, task in enumerate(tasks):
            if task.name.split("-")[0] in SHARES:
                continue
            masks = [m & (not t.name.endswith(task.name)) for t, m in zip(tasks, every)]
            models = whole_fit(tasks, masks, args)
            report("unseen", [tasks[left]], *models, [every[left]], thresholds)
    if args.out:
        pair, decision = whole_fit(tasks, every, args)
        for model, names in [(pair, tasks[0].names), (decision, tasks[0].decision)]:
            gains = sorted(zip(model.feature_importance("gain"), names), reverse=True)
            print("gain:", ", ".join(f"{n} {g:.0f}" for g, n in gains[:16]))
        write(args.out, pair, decision)


if __name__ == "__main__":
    main()
