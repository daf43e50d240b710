// ---- the pieces that views are made of
const view = document.getElementById('view'), overview = document.getElementById('overview');
const box = document.getElementById('q'), main = document.getElementById('main'), said = document.getElementById('said');
const PAGE = 30;

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
const color = type => Math.min(type, COLORS);
const dot = type => h('i', { class: 'dot c' + color(type), title: D.types[type] });
const list = chips => h('ul', { class: 'chips' }, chips.map(chip => h('li', {}, chip)));
const head = (title, note, ...more) => h('div', { class: 'head' }, h('h1', {}, title),
  note ? h('p', { class: 'note' }, note) : null, ...more);
const topicChip = (t, n, href) => h('a', { class: 'chip topic', href: href || topicAt(t) }, D.topics[t][LABEL],
  n ? h('span', { class: 'n' }, number(n)) : null);
const entityChip = (e, main, n) => h('a', { class: 'chip' + (main ? ' main' : ''), href: entityAt(e), title: entityType(e) },
  dot(D.entities[e][TYPE]), entityName(e), n ? h('span', { class: 'n' }, number(n)) : null);
function table(heads, rows) {
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': heads[0].replace('>', '') + 's' }, h('table', {},
    h('thead', {}, h('tr', {}, heads.map(name => h('th', { scope: 'col', class: name.startsWith('>') ? 'r' : null }, name.replace('>', ''))))),
    h('tbody', {}, rows)));
}
const legend = types => h('div', { class: 'legend' }, types.map(t => h('span', {}, dot(t), D.types[t])));

// Facts about a mention, in one line.
function mentionNote(m) {
  const model = 'confidence of the model ' + percent(m[CONFIDENCE]);
  return isLinked(m)
    ? entityName(m[ENTITY]) + ' (' + entityType(m[ENTITY]) + '), linked by ' + D.methods[m[METHOD]] + ', ' + percent(m[SCORE]) + '; ' + model
    : D.types[-1 - m[ENTITY]] + ', not linked; ' + model;
}

function mentionTable(group) {
  return table(['Mention', 'Is', 'Linked by', 'Model', 'Where'], group[MENTIONS].map(m => {
    const to = isLinked(m)
      ? h('a', { href: entityAt(m[ENTITY]) }, dot(D.entities[m[ENTITY]][TYPE]), entityName(m[ENTITY]))
      : h('span', { class: 'note' }, D.types[-1 - m[ENTITY]] + ', not linked');
    return h('tr', {}, h('td', {}, mentionName(m)), h('td', {}, to),
      h('td', { class: 'note' }, isLinked(m) ? D.methods[m[METHOD]] + ', ' + percent(m[SCORE]) : ''),
      h('td', { class: 'note' }, percent(m[CONFIDENCE])), h('td', { class: 'snip wide' }, snippet(group, m)));
  }));
}

// A mention in its sentence, with the way to its story.
function snippet(group, m) {
  if (!m[SNIPPET]) return [];
  const [before, name, after, at] = m[SNIPPET], url = safe((group[STORIES][at] || [])[1]);
  return [before ? '…' + before.trimStart() : '', mark(m, name), after ? after.replace(/[.…]+$/, '') + '…' : '',
    url ? [' ', h('a', { class: 'source', href: url, rel: 'noopener noreferrer', title: url }, host(url))] : []].flat();
}
function mark(m, name) {
  const note = mentionNote(m);
  return isLinked(m)
    ? h('a', { class: 'mark m' + color(D.entities[m[ENTITY]][TYPE]), href: entityAt(m[ENTITY]), title: note }, name)
    : h('mark', { title: note }, name);
}
const host = url => url.replace(/^https?:\/\/(www\.)?/i, '').replace(/[/?#].*$/, '');

// The stories of a group as a list of sources.
function sources(group, limit) {
  const rows = group[STORIES].slice(0, limit).map(([title, url, day]) => h('li', {},
    safe(url) ? h('a', { href: safe(url), rel: 'noopener noreferrer' }, title || host(url)) : title || 'A story without a title',
    h('span', { class: 'note' }, [' ', safe(url) ? title && host(url) : url, day && day.slice(0, 10)].filter(Boolean).join(' · '))));
  const more = group[STORIES].length - rows.length;
  return rows.length ? h('ul', { class: 'sources' }, rows, more > 0 ? h('li', { class: 'note' }, number(more) + ' more') : null) : null;
}

// A group in a list; `why` says why it is there.
function card(g, why) {
  const group = D.groups[g], found = entitiesOf(group), shown = found.slice(0, 10);
  const waiting = group[MENTIONS].filter(m => !isLinked(m)).length;
  const details = group[MENTIONS].length ? h('details', { ontoggle: event => {
    if (event.target.open && !event.target.lastChild.matches('.scroll')) event.target.append(mentionTable(group));
  } }, h('summary', {}, plural(group[MENTIONS].length, 'mention', 'mentions') + (waiting ? ', ' + number(waiting) + ' not linked' : ''))) : null;
  return h('article', { class: 'card group' },
    h('h2', {}, h('a', { href: groupAt(g) }, groupTitle(group))),
    h('p', { class: 'note meta' }, [group[DAY], group[ID]].filter(Boolean).join(' · ')),
    typeof why === 'string' ? h('p', { class: 'note why' }, why) : null,
    sources(group, 3),
    group[TOPICS].length ? list(group[TOPICS].map(t => topicChip(t))) : null,
    shown.length ? list([...shown.map(([e, primary]) => entityChip(e, primary)),
      ...(found.length > shown.length ? [h('a', { class: 'chip topic', href: groupAt(g) }, (found.length - shown.length) + ' more')] : [])]) : null,
    details);
}

// A long list, piece by piece: as one scrolls, or with the button; on paper all of it.
let watcher = null, listed = null;
function pages(items, make) {
  const holder = h('div', {}), more = h('button', { class: 'show', onclick: () => add(PAGE) }, 'Show more');
  let at = 0;
  function add(n) {
    holder.append(...items.slice(at, at + n).map(item => make(item)));
    at = Math.min(items.length, at + n);
    more.hidden = at >= items.length;
  }
  listed = { add, shown: () => at, rest: () => items.length - at };
  add(Math.max(PAGE, wanted()));
  if (watcher) watcher.disconnect();
  watcher = new IntersectionObserver(entries => { if (entries.some(e => e.isIntersecting) && !more.hidden) add(PAGE); },
    { rootMargin: '600px' });
  watcher.observe(more);
  return h('div', {}, holder, more);
}

// ---- what is seen, as a table for a spreadsheet
function csv(rows) {
  // A cell that a spreadsheet would take for a formula gets an apostrophe (OWASP, CSV injection).
  const cell = value => {
    const text = String(value ?? ''), inert = typeof value === 'string' && /^[\s\u0000-\u001f]*[=+\-@|%＝＋－＠]/.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(inert) ? '"' + inert.replace(/"/g, '""') + '"' : inert;
  };
  return '\ufeff' + rows.map(row => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
function download(name, rows) {
  return h('button', { onclick: () => {
    const url = URL.createObjectURL(new Blob([csv(rows())], { type: 'text/csv;charset=utf-8' }));
    h('a', { href: url, download: name + '.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  } }, 'Download as CSV');
}
const groupRows = groups => [['group_id', 'title', 'date', 'topics', 'entities', 'urls'], ...groups.map(g => {
  const group = D.groups[g];
  return [group[ID], groupTitle(group), group[DAY], group[TOPICS].map(t => D.topics[t][LABEL]).join('; '),
    entitiesOf(group).map(([e]) => entityName(e)).join('; '), group[STORIES].map(story => story[1]).filter(Boolean).join(' ')];
})];
