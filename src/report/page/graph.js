// ---- the graph: springs along the lines, repulsion between all, a pull to the middle
function graphView() {
  const small = innerWidth < 740;
  const all = [...new Set(D.pairs.flatMap(p => [p[0], p[1]]))].sort((a, b) => a - b);
  const ids = all.slice(0, small ? 28 : 60), shown = new Set(ids);
  if (ids.length < 3) return [head('Graph'), h('p', { class: 'empty' }, 'Too few entities stand together in at least two groups.')];
  const W = small ? 460 : 1000, H = small ? 620 : 680, top = D.entities[ids[0]][N_GROUPS];
  const nodes = ids.map((e, i) => {
    const r = 7 + (small ? 12 : 17) * Math.sqrt(D.entities[e][N_GROUPS] / top), angle = i * 2.39996, far = 34 * Math.sqrt(i + 1);
    return { e, r, x: W / 2 + far * Math.cos(angle) * 1.4, y: H / 2 + far * Math.sin(angle), vx: 0, vy: 0 };
  });
  const at = new Map(nodes.map((node, i) => [node.e, i]));
  const most = Math.max(...D.pairs.map(p => p[2]));
  const edges = D.pairs.filter(p => shown.has(p[0]) && shown.has(p[1])).map(([a, b, n]) => ({ a: nodes[at.get(a)], b: nodes[at.get(b)], n }));
  const space = Math.sqrt(W * H / nodes.length);
  function step(heat, held) {
    for (let i = 0; i < nodes.length; i++) {
      const a = nodes[i];
      a.vx += (W / 2 - a.x) * .006 * (H > W ? 1.6 : 1); a.vy += (H / 2 - a.y) * .009 * (H > W ? .6 : 1);
      for (let j = i + 1; j < nodes.length; j++) {
        const b = nodes[j], dx = a.x - b.x || .1, dy = (a.y - b.y || .1) * 1.15, d2 = dx * dx + dy * dy, d = Math.sqrt(d2);
        const push = space * space * .9 / d2 + (d < a.r + b.r + 26 ? 2 : 0);
        a.vx += dx / d * push; a.vy += dy / d * push; b.vx -= dx / d * push; b.vy -= dy / d * push;
      }
    }
    for (const { a, b, n } of edges) {
      const dx = b.x - a.x, dy = b.y - a.y, d = Math.hypot(dx, dy) || 1;
      const pull = (d - space * .85) * .012 * (.4 + n / most);
      a.vx += dx / d * pull; a.vy += dy / d * pull; b.vx -= dx / d * pull; b.vy -= dy / d * pull;
    }
    for (const node of nodes) {
      if (node !== held) { node.x += Math.max(-30, Math.min(30, node.vx * heat)); node.y += Math.max(-30, Math.min(30, node.vy * heat)); }
      node.vx *= .55; node.vy *= .55;
      node.x = Math.max(60, Math.min(W - 60, node.x)); node.y = Math.max(node.r + 8, Math.min(H - node.r - 24, node.y));
    }
  }
  for (let i = 0; i < 420; i++) step(1 - i / 520, null);
  // The settled picture fills all of its frame.
  for (const [axis, size, before, after] of [['x', W, 75, 75], ['y', H, 34, 46]]) {
    const all = nodes.map(node => node[axis]), low = Math.min(...all), scale = (size - before - after) / (Math.max(...all) - low || 1);
    for (const node of nodes) node[axis] = before + (node[axis] - low) * scale;
  }

  const svg = h('svg:svg', { class: 'graph', viewBox: '0 0 ' + W + ' ' + H, role: 'group', 'aria-label': 'Entities that stand in the same groups' });
  for (const edge of edges) svg.append(edge.line = h('svg:line', { 'stroke-width': 1 + 5 * edge.n / most }));
  // Names lie above all circles.
  const labels = h('svg:g', {});
  const touch = (node, on) => { node.g.classList.toggle('near', on); node.label.classList.toggle('near', on); };
  for (const node of nodes) {
    const entity = D.entities[node.e];
    const name = entity[ENTITY_NAME].length > 26 ? entity[ENTITY_NAME].slice(0, 25) + '…' : entity[ENTITY_NAME];
    node.wide = name.length * 6.4 + 6;
    node.g = h('svg:g', { class: 'node', tabindex: 0, role: 'link', 'aria-label': entity[ENTITY_NAME] + ', ' + D.types[entity[TYPE]] + ', ' + plural(entity[N_GROUPS], 'group', 'groups') },
      h('svg:title', {}, entity[ENTITY_NAME] + ' · ' + plural(entity[N_GROUPS], 'group', 'groups')),
      h('svg:circle', { class: 'f' + color(entity[TYPE]), r: node.r }));
    node.label = h('svg:text', { y: node.r + 13, 'aria-hidden': 'true' }, name);
    const near = on => {
      svg.classList.toggle('focus', on);
      touch(node, on);
      for (const edge of edges) if (edge.a === node || edge.b === node) {
        edge.line.classList.toggle('near', on);
        touch(edge.a === node ? edge.b : edge.a, on);
      }
    };
    node.g.addEventListener('pointerenter', () => { if (!held) near(true); });
    node.g.addEventListener('pointerleave', () => { if (!held) near(false); });
    node.g.addEventListener('focus', () => near(true));
    node.g.addEventListener('blur', () => near(false));
    node.g.addEventListener('keydown', event => { if (event.key === 'Enter') location.hash = entityAt(node.e); });
    node.g.addEventListener('pointerdown', event => {
      event.preventDefault();
      held = node; moved = false;
      node.g.setPointerCapture(event.pointerId);
    });
    node.g.addEventListener('pointermove', event => {
      if (held !== node) return;
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      if (Math.hypot(point.x - node.x, point.y - node.y) > 4) moved = true;
      if (!moved) return;
      node.x = point.x; node.y = point.y;
      for (let i = 0; i < 3; i++) step(.35, node);
      draw();
    });
    node.g.addEventListener('pointerup', () => {
      if (held === node && !moved) location.hash = entityAt(node.e);
      held = null; near(false);
    });
    svg.append(node.g);
    labels.append(node.label);
  }
  svg.append(labels);
  let held = null, moved = false;
  function draw() {
    for (const { a, b, line } of edges) {
      line.setAttribute('x1', a.x); line.setAttribute('y1', a.y); line.setAttribute('x2', b.x); line.setAttribute('y2', b.y);
    }
    // A label that would lie on that of a larger node shows only when its node is touched.
    const placed = [];
    for (const node of nodes) {
      for (const part of [node.g, node.label]) part.setAttribute('transform', 'translate(' + node.x + ' ' + node.y + ')');
      const half = node.wide / 2, y = node.y + node.r + 13;
      const clash = placed.some(p => Math.abs(p.x - node.x) < p.half + half && Math.abs(p.y - y) < 13)
        || placed.length > 6 && nodes.some(other => other !== node && Math.abs(other.x - node.x) < half + other.r * .6 && Math.abs(other.y - y + 5) < other.r * .8);
      node.label.classList.toggle('bare', clash);
      if (!clash) placed.push({ x: node.x, y, half });
    }
  }
  draw();
  const types = [...new Set(nodes.map(node => D.entities[node.e][TYPE]))].sort((a, b) => a - b);
  const pairs = D.pairs.map(([a, b, n]) => [entityName(a), entityName(b), n]);
  const strongest = D.pairs.slice(0, 15).map(([a, b, n]) => h('tr', {}, h('td', {}, h('a', { href: entityAt(a) }, entityName(a))),
    h('td', {}, h('a', { href: entityAt(b) }, entityName(b))),
    h('td', { class: 'r' }, h('a', { href: address('p', ...[a, b].map(e => entityPath(e).join('\n'))), 'aria-label': entityName(a) + ' and ' + entityName(b) + ': ' + plural(n, 'group', 'groups') }, number(n)))));
  return [head('Who stands with whom', 'The most frequent entities; a line joins two that stand in the same groups. Drag them, click one to open its page.',
    legend(types), h('div', { class: 'tools' }, download('pairs', () => [['entity', 'entity', 'groups'], ...pairs]))), svg,
  h('section', { class: 'card strong' }, h('h2', {}, 'Strongest pairs'), table(['Entity', 'Entity', '>Groups'], strongest))];
}
