'use strict';
// Everything below reads one block of JSON; texts reach the page as text nodes only, never as markup.
(() => {
  const D = JSON.parse(document.getElementById('data').textContent);
  const view = document.getElementById('view'), overview = document.getElementById('overview');
  const box = document.getElementById('q'), main = document.getElementById('main');
  const PAGE = 30, COLORS = 7;
  const number = n => n.toLocaleString('en-US');
  const plural = (n, one, many) => number(n) + ' ' + (n === 1 ? one : many);
  const color = type => Math.min(type, COLORS);
  const fold = text => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
  // A link of a story is followed only where it leads to the web.
  const safe = url => /^https?:\/\//i.test(url || '') ? url : null;

  function h(tag, props, ...children) {
    const node = tag.startsWith('svg:')
      ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4)) : document.createElement(tag);
    for (const [name, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children.flat().filter(child => child !== null && child !== undefined));
    return node;
  }
  const dot = type => h('i', { class: 'dot c' + color(type), title: D.types[type] });

  // ---- what stands where, worked out when it is first asked for
  let places = null;
  function index() {
    if (places) return places;
    places = { entity: D.entities.map(() => []), topic: D.topics.map(() => []) };
    D.groups.forEach((group, g) => {
      for (const t of group[3]) places.topic[t].push(g);
      const seen = new Map();
      for (const m of group[4]) if (m[0] >= 0) seen.set(m[0], seen.get(m[0]) || m[4]);
      for (const [e, primary] of seen) places.entity[e].push([g, primary]);
    });
    return places;
  }
  const mentionName = m => m[1] === 0 ? D.entities[m[0]][2] : m[1];
  const groupTitle = group => group[1] || group[0];

  // ---- pieces
  const topicChip = (t, n) => h('a', { class: 'chip topic', href: '#/t/' + t }, D.topics[t][0],
    n ? h('span', { class: 'n' }, number(n)) : null);
  const entityChip = (e, main, n) => h('a', { class: 'chip' + (main ? ' main' : ''), href: '#/e/' + e,
    title: D.types[D.entities[e][0]] }, dot(D.entities[e][0]), D.entities[e][2],
    n ? h('span', { class: 'n' }, number(n)) : null);
  const list = chips => h('ul', { class: 'chips' }, chips.map(chip => h('li', {}, chip)));
  const head = (title, note, ...more) => h('div', { class: 'head' }, h('h1', {}, title),
    note ? h('p', { class: 'note' }, note) : null, ...more);

  function mentionTable(group) {
    const rows = group[4].map(m => {
      const linked = m[0] >= 0;
      const to = linked
        ? h('a', { href: '#/e/' + m[0] }, D.entities[m[0]][2])
        : h('span', { class: 'note' }, D.types[-1 - m[0]] + ', not linked');
      const why = linked ? D.methods[m[2]] + ', ' + percent(m[3]) : '';
      const words = m[5] ? [m[5][0] ? '…' + m[5][0].trimStart() : '', h('mark', {}, m[5][1]), m[5][2] ? m[5][2].replace(/[.…]+$/, '') + '…' : ''] : [];
      return h('tr', {}, h('td', {}, mentionName(m)), h('td', {}, to), h('td', { class: 'note' }, why),
        h('td', { class: 'snip wide' }, words));
    });
    return h('div', { class: 'scroll' }, h('table', {},
      h('thead', {}, h('tr', {}, ...['Mention', 'Is', 'Linked by', 'Where'].map(t => h('th', { scope: 'col' }, t)))),
      h('tbody', {}, rows)));
  }
  const percent = p => p < 1 && p > 0.995 ? '>99 %' : Math.round(p * 100) + ' %';

  function entitiesOf(group) {
    const seen = new Map();
    for (const m of group[4]) if (m[0] >= 0) seen.set(m[0], seen.get(m[0]) || m[4]);
    return [...seen].sort((a, b) => b[1] - a[1]);
  }

  function card(g) {
    const group = D.groups[g], found = entitiesOf(group), shown = found.slice(0, 10);
    const waiting = group[4].filter(m => m[0] < 0).length;
    const details = group[4].length ? h('details', { ontoggle: event => {
      if (event.target.open && !event.target.lastChild.matches('.scroll')) event.target.append(mentionTable(group));
    } }, h('summary', {}, plural(group[4].length, 'mention', 'mentions') + (waiting ? ', ' + number(waiting) + ' not linked' : ''))) : null;
    return h('article', { class: 'card group' },
      h('h3', {}, h('a', { href: '#/g/' + g }, groupTitle(group))),
      h('p', { class: 'note meta' }, [group[2], group[0]].filter(Boolean).join(' · ')),
      group[3].length ? list(group[3].map(t => topicChip(t))) : null,
      shown.length ? list([...shown.map(([e, primary]) => entityChip(e, primary)),
        ...(found.length > shown.length ? [h('a', { class: 'chip topic', href: '#/g/' + g }, (found.length - shown.length) + ' more')] : [])]) : null,
      details);
  }

  // Shows a long list piece by piece: as one scrolls, or with the button.
  let watcher = null;
  function pages(items, make) {
    const holder = h('div', {}), more = h('button', { class: 'show', onclick: () => add() }, 'Show more');
    let at = 0;
    function add() {
      holder.append(...items.slice(at, at + PAGE).map(make));
      at += PAGE;
      more.hidden = at >= items.length;
    }
    add();
    if (watcher) watcher.disconnect();
    watcher = new IntersectionObserver(entries => { if (entries.some(e => e.isIntersecting) && !more.hidden) add(); },
      { rootMargin: '600px' });
    watcher.observe(more);
    return h('div', {}, holder, more);
  }

  function spark(years) {
    const keys = [...years.keys()].sort();
    if (keys.length < 2) return null;
    const first = +keys[0], last = +keys[keys.length - 1], n = last - first + 1;
    if (!(n > 1 && n < 400)) return null;
    const most = Math.max(...years.values());
    const bars = [];
    for (let y = first; y <= last; y++) {
      const v = years.get(String(y)) || 0, high = v * 96 / most;
      if (v) bars.push(h('svg:g', {}, h('svg:title', {}, y + ': ' + v),
        h('svg:rect', { class: 'b', x: (y - first) * 10 + 1, y: 100 - high, width: 8, height: high })));
    }
    return h('div', {}, h('svg:svg', { class: 'spark', viewBox: '0 0 ' + n * 10 + ' 100', preserveAspectRatio: 'none',
      role: 'img', 'aria-label': 'Groups a year, ' + first + ' to ' + last }, ...bars),
      h('p', { class: 'ends' }, h('span', {}, String(first)), h('span', {}, String(last))));
  }
  function years(groups) {
    const count = new Map();
    for (const g of groups) {
      const year = (D.groups[g][2] || '').slice(0, 4);
      if (/^\d{4}$/.test(year)) count.set(year, (count.get(year) || 0) + 1);
    }
    return count;
  }
  function most(groups, of, except, limit) {
    const count = new Map();
    for (const g of groups) for (const x of of(D.groups[g])) if (x !== except) count.set(x, (count.get(x) || 0) + 1);
    return [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
  }
  const entitySet = group => new Set(group[4].filter(m => m[0] >= 0).map(m => m[0]));

  function subject(title, kind, groups, self) {
    const topics = most(groups, group => group[3], self.topic, 12);
    const entities = most(groups, entitySet, self.entity, 16);
    return [
      head(title, kind),
      h('section', { class: 'card' }, h('h2', {}, 'Together with'),
        entities.length ? list(entities.map(([e, n]) => entityChip(e, false, n))) : null,
        topics.length ? list(topics.map(([t, n]) => topicChip(t, n))) : null, spark(years(groups))),
      pages(groups, card)];
  }

  // ---- views
  function entityPage(e) {
    const entity = D.entities[e];
    if (!entity) return missing();
    const groups = index().entity[e].slice().sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(row => row[0]);
    const kind = [dot(entity[0]), D.types[entity[0]] + ' · ' + entity[1] + ' · ' + plural(entity[3], 'group', 'groups')];
    return subject(entity[2], kind, groups, { entity: e });
  }
  function topicPage(t) {
    if (!D.topics[t]) return missing();
    return subject(D.topics[t][0], 'topic · ' + plural(D.topics[t][1], 'group', 'groups'), index().topic[t], { topic: t });
  }

  function groupPage(g) {
    const group = D.groups[g];
    if (!group) return missing();
    const stories = (group[5] || []).map(([title, text, url, time]) => h('section', { class: 'story' },
      title ? h('h3', {}, title) : null,
      h('p', { class: 'note meta' }, [time ? time.slice(0, 10) : null, safe(url) ? null : url].filter(Boolean).join(' · '),
        safe(url) ? h('span', {}, time ? ' · ' : '', h('a', { href: safe(url), rel: 'noopener noreferrer' }, url)) : null),
      h('p', {}, marked(text, group))));
    return [
      head(groupTitle(group), [group[2], group[0]].filter(Boolean).join(' · '),
        group[3].length ? list(group[3].map(t => topicChip(t))) : null),
      h('section', { class: 'card' }, h('h2', {}, plural(group[4].length, 'mention', 'mentions')),
        group[4].length ? mentionTable(group) : null, ...stories),
      relatedCards(g)];
  }

  // Marks each mention in a text, the longer ones first where they overlap.
  function marked(text, group) {
    const names = [...new Set(group[4].map(mentionName))].filter(name => name.length > 1).sort((a, b) => b.length - a.length);
    if (!names.length) return [text];
    const escape = name => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
    return text.split(new RegExp('(' + names.map(escape).join('|') + ')')).map((part, i) => i % 2 ? h('mark', {}, part) : part);
  }

  function relatedCards(g) {
    const scores = new Map(), N = D.groups.length, group = D.groups[g];
    const add = (groups, n) => {
      if (n > 5000) return;
      for (const other of groups) if (other !== g) scores.set(other, (scores.get(other) || 0) + Math.log(N / n));
    };
    for (const t of group[3]) add(index().topic[t], D.topics[t][1]);
    for (const e of entitySet(group)) add(index().entity[e].map(row => row[0]), D.entities[e][3]);
    const best = [...scores].filter(row => row[1] > 0).sort((a, b) => b[1] - a[1]).slice(0, 4);
    return best.length ? h('div', {}, h('h2', {}, 'Related groups'), ...best.map(([other]) => card(other))) : null;
  }

  function names(title, rows, href, types) {
    let type = null;
    const holder = h('div', {});
    function draw() {
      const picked = rows.filter(row => type === null || row.type === type);
      const shown = picked.slice(0, 1200);
      holder.replaceChildren(h('div', { class: 'card' }, h('div', { class: 'grid' }, shown.map(row =>
        h('a', { href: href + row.i }, h('span', {}, row.type === null ? null : dot(row.type), row.name), h('span', { class: 'n' }, number(row.n)))))),
        picked.length > shown.length ? h('p', { class: 'note' }, 'The ' + number(shown.length) + ' most frequent of ' + number(picked.length) + '. The filter box finds the others.') : '');
    }
    const button = (label, value) => h('button', { 'aria-pressed': String(value === type), onclick: event => {
      type = value;
      for (const b of event.target.parentNode.children) b.setAttribute('aria-pressed', String(b === event.target));
      draw();
    } }, label);
    draw();
    return [head(title, number(rows.length) + ', most frequent first', types.length > 1
      ? h('div', { class: 'tools', role: 'group', 'aria-label': 'Type' }, button('all', null), ...types.map(t => button(D.types[t], t))) : null), holder];
  }
  const entitiesView = () => names('Entities', D.entities.map((e, i) => ({ i, name: e[2], n: e[3], type: e[0] })), '#/e/',
    [...new Set(D.entities.map(e => e[0]))].sort((a, b) => a - b));
  const topicsView = () => names('Topics', D.topics.map((t, i) => ({ i, name: t[0], n: t[1], type: null })), '#/t/', []);

  function unresolvedView() {
    if (!D.unresolved.length) return [head('Unresolved'), h('p', { class: 'empty' }, 'Every mention is linked or decided about.')];
    const row = ([type, text, n, groups]) => {
      const links = groups.flatMap((g, i) => [i ? ' · ' : '', h('a', { href: '#/g/' + g }, groupTitle(D.groups[g]))]);
      return h('tr', {}, h('td', {}, text), h('td', { class: 'note' }, D.types[type]), h('td', { class: 'r' }, number(n)),
        h('td', { class: 'wide' }, links));
    };
    return [head('Unresolved', 'Mentions that were not linked to the catalog, most frequent first: names it lacks, or names that several of its entities bear.'),
      h('div', { class: 'card scroll' }, h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Mention'), h('th', { scope: 'col' }, 'Type'),
        h('th', { scope: 'col', class: 'r' }, 'Mentions'), h('th', { scope: 'col' }, 'In'))), h('tbody', {}, D.unresolved.map(row))))];
  }

  // ---- the graph: springs along the lines, repulsion between all, a pull to the middle
  function graphView() {
    const small = innerWidth < 740;
    const all = [...new Set(D.pairs.flatMap(p => [p[0], p[1]]))].sort((a, b) => a - b);
    const ids = all.slice(0, small ? 28 : 60), shown = new Set(ids);
    if (ids.length < 3) return [head('Graph'), h('p', { class: 'empty' }, 'Too few entities stand together in at least two groups.')];
    const W = small ? 460 : 1000, H = small ? 620 : 680, top = D.entities[ids[0]][3];
    const nodes = ids.map((e, i) => {
      const r = 7 + (small ? 12 : 17) * Math.sqrt(D.entities[e][3] / top), angle = i * 2.39996, far = 34 * Math.sqrt(i + 1);
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
    // What has settled fills the whole picture.
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
      const name = entity[2].length > 26 ? entity[2].slice(0, 25) + '…' : entity[2];
      node.wide = name.length * 6.4 + 6;
      node.g = h('svg:g', { class: 'node', tabindex: 0, role: 'link', 'aria-label': entity[2] + ', ' + D.types[entity[0]] + ', ' + plural(entity[3], 'group', 'groups') },
        h('svg:title', {}, entity[2] + ' · ' + plural(entity[3], 'group', 'groups')),
        h('svg:circle', { class: 'f' + color(entity[0]), r: node.r }));
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
      node.g.addEventListener('keydown', event => { if (event.key === 'Enter') location.hash = '#/e/' + node.e; });
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
        if (held === node && !moved) location.hash = '#/e/' + node.e;
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
    const types = [...new Set(nodes.map(node => D.entities[node.e][0]))].sort((a, b) => a - b);
    const strongest = D.pairs.slice(0, 15).map(([a, b, n]) => h('tr', {}, h('td', {}, h('a', { href: '#/e/' + a }, D.entities[a][2])),
      h('td', {}, h('a', { href: '#/e/' + b }, D.entities[b][2])), h('td', { class: 'r' }, number(n))));
    return [head('Who stands with whom', 'The most frequent entities; a line joins two that stand in the same groups. Drag them, click one to open its page.',
      legend(types)), svg,
      h('section', { class: 'card strong' }, h('h2', {}, 'Strongest pairs'), h('div', { class: 'scroll' }, h('table', {},
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Entity'), h('th', { scope: 'col' }, 'Entity'), h('th', { scope: 'col', class: 'r' }, 'Groups'))), h('tbody', {}, strongest))))];
  }
  const legend = types => h('div', { class: 'legend' }, types.map(t => h('span', {}, dot(t), D.types[t])));

  // ---- the filter: folded texts are made in slices, so that a large collection does not freeze the page
  const folded = [];
  let job = 0;
  const haystack = g => folded[g] !== undefined ? folded[g] : (folded[g] = fold([D.groups[g][0], D.groups[g][1] || '', D.groups[g][2] || '',
    ...D.groups[g][3].map(t => D.topics[t][0]),
    ...D.groups[g][4].map(m => m[0] >= 0 && m[1] !== 0 ? m[1] + ' ' + D.entities[m[0]][2] : mentionName(m))].join(' ')));
  function groupsView(q) {
    const mine = ++job, words = fold(q).split(/\s+/).filter(Boolean);
    const has = text => words.every(word => text.includes(word));
    const note = h('p', { class: 'note' }, ''), body = h('div', {});
    const chips = words.length ? [
      ...matching(D.entities, e => e[2], 8).map(e => entityChip(e, false, D.entities[e][3])),
      ...matching(D.topics, t => t[0], 8).map(t => topicChip(t, D.topics[t][1]))] : [];
    function matching(rows, name, limit) {
      const found = [];
      for (let i = 0; i < rows.length && found.length < limit; i++) if (has(fold(name(rows[i])))) found.push(i);
      return found;
    }
    const found = [];
    let at = 0;
    function slice() {
      if (mine !== job) return;
      const until = performance.now() + 12;
      while (at < D.groups.length && performance.now() < until) {
        for (const end = Math.min(at + 200, D.groups.length); at < end; at++) if (!words.length || has(haystack(at))) found.push(at);
      }
      if (at < D.groups.length) {
        note.textContent = 'Looking… ' + number(found.length) + ' so far';
        setTimeout(slice);
      } else {
        note.textContent = words.length ? plural(found.length, 'group', 'groups') + ' of ' + number(D.groups.length) : plural(found.length, 'group', 'groups') + ', newest first';
        body.replaceChildren(found.length ? pages(found, card) : h('p', { class: 'empty' }, 'No group has all of these words.'));
      }
    }
    slice();
    return [h('div', { class: 'head' }, h('h1', {}, words.length ? '“' + q.trim() + '”' : 'Groups'), note, chips.length ? list(chips) : null), body];
  }
  const missing = () => [head('Not in this report'), h('p', { class: 'empty' }, h('a', { href: '#/' }, 'Back to the overview'))];

  // ---- where we are is in the address
  const scrolled = new Map();
  let here = '';
  function route() {
    scrolled.set(here, scrollY);
    here = location.hash;
    const [path, query] = here.replace(/^#\/?/, '').split('?');
    const [name, id] = path.split('/');
    const q = query ? new URLSearchParams(query).get('q') || '' : '';
    job++;
    if (document.activeElement !== box) box.value = q;
    const made = {
      groups: () => groupsView(q), topics: topicsView, entities: entitiesView, graph: graphView, unresolved: unresolvedView,
      e: () => entityPage(+id), t: () => topicPage(+id), g: () => groupPage(+id),
    }[name];
    overview.hidden = Boolean(made);
    view.hidden = !made;
    view.replaceChildren(...(made ? made().filter(Boolean) : []));
    const tab = { e: 'entities', t: 'topics', g: 'groups' }[name] || (made ? name : '');
    for (const a of document.querySelectorAll('.bar nav a')) {
      if (a.getAttribute('href') === '#/' + tab) a.setAttribute('aria-current', 'page'); else a.removeAttribute('aria-current');
    }
    if (!q) scrollTo(0, scrolled.get(here) || 0);
    if (document.activeElement !== box && made) main.focus({ preventScroll: true });
  }
  let timer = 0;
  box.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const to = box.value.trim() ? '#/groups?q=' + encodeURIComponent(box.value.trim()) : '#/groups';
      history.replaceState(null, '', to);
      route();
    }, 120);
  });
  addEventListener('keydown', event => {
    if (event.target.matches('input, textarea')) {
      if (event.key === 'Escape') { box.value = ''; box.blur(); location.hash = '#/groups'; }
      return;
    }
    if (event.key === '/' && !event.ctrlKey && !event.metaKey) { event.preventDefault(); box.focus(); }
  });
  addEventListener('beforeprint', () => { for (const d of view.querySelectorAll('details')) d.open = true; });
  addEventListener('hashchange', route);
  const spot = document.getElementById('legend');
  if (spot) spot.before(legend([...new Set(D.entities.slice(0, 20).map(e => e[0]))].sort((a, b) => a - b)));
  route();
})();
