// ---- the pages of one thing
const missing = () => [head('Not in this report'), h('p', { class: 'empty' }, h('a', { href: '#/' }, 'Back to the overview'))];

function subject(title, kind, groups, self, filter, facts) {
  const topics = most(groups, group => group[TOPICS], self.topics, 12);
  const entities = most(groups, entitySet, self.entities, 16);
  const pair = e => self.entities.length === 1 ? address('p', ...[self.entities[0], e].map(x => entityPath(x).join('\n'))) : null;
  const together = entities.map(([e, n]) => pair(e)
    ? h('span', { class: 'split' }, entityChip(e, false), h('a', { class: 'n', href: pair(e), 'aria-label': title + ' and ' + entityName(e) + ': ' + plural(n, 'group', 'groups') }, number(n)))
    : entityChip(e, false, n));
  return [
    head(title, kind, h('div', { class: 'tools' }, download(title, () => groupRows(groups)))),
    facts || null,
    h('section', { class: 'card' }, h('h2', {}, 'Together with'),
      together.length ? list(together) : null,
      topics.length ? list(topics.map(([t, n]) => topicChip(t, n))) : null,
      !together.length && !topics.length ? h('p', { class: 'note' }, 'Nothing else.') : null,
      filter ? timeline(groups, filter) : timeline(groups, {})),
    pages(groups, g => card(g))];
}

function entityPage(path) {
  const e = findEntity(path), entity = D.entities[e];
  if (!entity) return missing();
  const groups = index().entity[e].slice().sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(row => row[0]);
  const kind = [dot(entity[TYPE]), entityType(e) + ' · ' + entity[ENTITY_ID] + ' · ' + plural(entity[N_GROUPS], 'group', 'groups')];
  const spelled = new Map();
  for (const g of groups) for (const m of D.groups[g][MENTIONS]) if (m[ENTITY] === e) spelled.set(mentionName(m), (spelled.get(mentionName(m)) || 0) + 1);
  const rows = [
    ['Also called', (entity[ALIASES] || []).join(', ')],
    ...Object.entries(entity[ATTRIBUTES] || {}),
    ['In the stories', [...spelled].sort((a, b) => b[1] - a[1]).slice(0, 12).map(([name, n]) => name + ' (' + number(n) + ')').join(', ')],
  ].filter(([, value]) => value);
  const facts = h('section', { class: 'card' }, h('h2', {}, 'What is known'), h('dl', {}, rows.map(([name, value]) =>
    h('div', {}, h('dt', {}, name), h('dd', {}, String(value))))));
  return subject(entity[ENTITY_NAME], kind, groups, { entities: [e], topics: [] }, { e: path.join('\n') }, facts);
}
function topicPage(key) {
  const t = byId('topic').get(key);
  if (t === undefined) return missing();
  return subject(D.topics[t][LABEL], 'topic · ' + plural(D.topics[t][N_WITH_TOPIC], 'group', 'groups'), index().topic[t],
    { entities: [], topics: [t] }, { t: key });
}
function pairPage(one, other) {
  const [a, b] = [one, other].map(path => findEntity((path || '').split('\n')));
  if (a === undefined || b === undefined) return missing();
  const second = new Set(index().entity[b].map(row => row[0]));
  const groups = index().entity[a].map(row => row[0]).filter(g => second.has(g));
  return subject(entityName(a) + ' and ' + entityName(b), [plural(groups.length, 'group', 'groups') + ' with ', entityChip(a), ' and ', entityChip(b)],
    groups, { entities: [a, b], topics: [] }, null);
}

function groupPage(id) {
  const g = byId('group').get(id), group = D.groups[g];
  if (!group) return missing();
  const told = group[STORIES].filter(story => story[3]);
  const stories = told.map(([title, url, day, text]) => h('section', { class: 'story' },
    title ? h('h3', {}, title) : null,
    h('p', { class: 'note meta' }, day ? day.slice(0, 10) + ' ' : null, safe(url) ? h('a', { href: safe(url), rel: 'noopener noreferrer' }, url) : url || null),
    h('p', {}, marked(text, group))));
  return [
    head(groupTitle(group), [group[DAY], group[ID]].filter(Boolean).join(' · '),
      group[TOPICS].length ? list(group[TOPICS].map(t => topicChip(t))) : null),
    group[STORIES].length ? h('section', { class: 'card' }, h('h2', {}, plural(group[STORIES].length, 'story', 'stories')), sources(group, 1000)) : null,
    h('section', { class: 'card' }, h('h2', {}, plural(group[MENTIONS].length, 'mention', 'mentions')),
      group[MENTIONS].length ? mentionTable(group) : null, ...stories),
    relatedCards(g)];
}

// Marks each mention in a text, the longer ones first where they overlap.
function marked(text, group) {
  const byName = new Map();
  for (const m of group[MENTIONS]) if (!byName.has(mentionName(m)) || isLinked(m)) byName.set(mentionName(m).replace(/\s+/g, ' '), m);
  const names = [...byName.keys()].filter(name => name.length > 1).sort((a, b) => b.length - a.length);
  if (!names.length) return [text];
  const escape = name => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  return text.split(new RegExp('(' + names.map(escape).join('|') + ')'))
    .map((part, i) => i % 2 ? mark(byName.get(part.replace(/\s+/g, ' ')), part) : part);
}

// The groups that share most, the rarer the better, each with what it shares.
function relatedCards(g) {
  const scores = new Map(), shared = new Map(), N = D.groups.length, group = D.groups[g];
  const add = (groups, n, name) => {
    if (n > 5000) return;
    const worth = Math.log(N / n);
    for (const other of groups) if (other !== g) {
      scores.set(other, (scores.get(other) || 0) + worth);
      shared.set(other, [...(shared.get(other) || []), [worth, name]]);
    }
  };
  for (const t of group[TOPICS]) add(index().topic[t], D.topics[t][N_WITH_TOPIC], D.topics[t][LABEL]);
  for (const e of entitySet(group)) add(index().entity[e].map(row => row[0]), D.entities[e][N_GROUPS], entityName(e));
  const best = [...scores].filter(row => row[1] > 0).sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 4);
  const why = other => 'shares ' + shared.get(other).sort((a, b) => b[0] - a[0]).slice(0, 4).map(row => row[1]).join(', ');
  return best.length ? h('section', {}, h('h2', {}, 'Related groups'), ...best.map(([other]) => card(other, why(other)))) : null;
}

// ---- lists of all entities, topics and what is not linked
function names(title, rows, types, columns) {
  let type = null;
  const holder = h('div', {});
  const picked = () => rows.filter(row => type === null || row.type === type);
  function draw() {
    const shown = picked().slice(0, 1200);
    holder.replaceChildren(h('div', { class: 'card' }, h('div', { class: 'grid' }, shown.map(row =>
      h('a', { href: row.href }, h('span', {}, row.type === null ? null : dot(row.type), row.name), h('span', { class: 'n' }, number(row.n)))))),
      picked().length > shown.length ? h('p', { class: 'note' }, 'The ' + number(shown.length) + ' most frequent of ' + number(picked().length) + '. The filter box finds the others.') : '');
  }
  const button = (label, value) => h('button', { 'aria-pressed': String(value === type), onclick: event => {
    type = value;
    for (const b of event.target.parentNode.querySelectorAll('[aria-pressed]')) b.setAttribute('aria-pressed', String(b === event.target));
    draw();
  } }, label);
  draw();
  return [head(title, number(rows.length) + ', most frequent first', h('div', { class: 'tools', role: 'group', 'aria-label': 'Type' },
    types.length > 1 ? [button('all', null), ...types.map(t => button(D.types[t], t))] : null,
    download(title.toLowerCase(), () => [columns, ...picked().map(row => row.cells)]))), holder];
}
const entitiesView = () => names('Entities', D.entities.map((e, i) => ({ href: entityAt(i), name: e[ENTITY_NAME], n: e[N_GROUPS], type: e[TYPE],
  cells: [e[ENTITY_ID], D.types[e[TYPE]], e[ENTITY_NAME], e[N_GROUPS], (e[ALIASES] || []).join('; ')] })),
[...new Set(D.entities.map(e => e[TYPE]))].sort((a, b) => a - b), ['entity_id', 'type', 'name', 'groups', 'aliases']);
const topicsView = () => names('Topics', D.topics.map((t, i) => ({ href: topicAt(i), name: t[LABEL], n: t[N_WITH_TOPIC], type: null,
  cells: [t[LABEL], t[N_WITH_TOPIC]] })), [], ['topic', 'groups']);

function unresolvedView() {
  if (!D.unresolved.length) return [head('Unresolved'), h('p', { class: 'empty' }, 'Every mention is linked or decided about.')];
  const row = ([type, text, n, groups]) => h('tr', {}, h('td', {}, text), h('td', { class: 'note' }, D.types[type]), h('td', { class: 'r' }, number(n)),
    h('td', { class: 'wide' }, groups.flatMap((g, i) => [i ? ' · ' : '', h('a', { href: groupAt(g) }, groupTitle(D.groups[g]))])));
  return [head('Unresolved', 'Mentions that were not linked to the catalog, most frequent first: names it lacks, or names that several of its entities bear.',
    h('div', { class: 'tools' }, download('unresolved', () => [['mention', 'type', 'mentions', 'group_ids'],
      ...D.unresolved.map(([type, text, n, groups]) => [text, D.types[type], n, groups.map(g => D.groups[g][ID]).join(' ')])]))),
  h('div', { class: 'card' }, table(['Mention', 'Type', '>Mentions', 'In'], D.unresolved.map(row)))];
}
