// ---- time: groups in days, months, quarters or years, whichever are few enough bars to be seen and enough to tell something
const UNITS = [
  { name: 'day', label: day => day, next: d => d.setUTCDate(d.getUTCDate() + 1), from: label => label, to: label => label },
  { name: 'month', label: day => day.slice(0, 7), next: d => d.setUTCMonth(d.getUTCMonth() + 1, 1), from: label => label, to: label => label },
  { name: 'quarter', label: day => day.slice(0, 4) + ' Q' + Math.ceil(+day.slice(5, 7) / 3),
    next: d => d.setUTCMonth(d.getUTCMonth() + 3 - d.getUTCMonth() % 3, 1),
    from: label => label.slice(0, 5).trim() + '-' + ['01', '04', '07', '10'][label.at(-1) - 1],
    to: label => label.slice(0, 5).trim() + '-' + ['03', '06', '09', '12'][label.at(-1) - 1] },
  { name: 'year', label: day => day.slice(0, 4), next: d => d.setUTCFullYear(d.getUTCFullYear() + 1, 0, 1), from: label => label, to: label => label },
];
const BARS = 80;

// Counts days into bars without gaps; none where there is no more than one.
function bars(days) {
  const known = days.filter(day => /^\d{4}(-\d\d){0,2}$/.test(day || '')).map(firstDay).sort();
  if (!known.length) return null;
  const first = new Date(known[0]), last = new Date(known.at(-1)), span = (last - first) / 86400000;
  const many = [span, span / 30.4, span / 91.3, span / 365.25];
  const unit = UNITS[Math.max(0, many.findIndex(n => n < BARS) === -1 ? 3 : many.findIndex(n => n < BARS))];
  const count = new Map();
  for (let at = new Date(first), end = unit.label(known.at(-1)); count.size < 2000;) {
    const label = unit.label(at.toISOString().slice(0, 10));
    count.set(label, 0);
    if (label === end) break;
    unit.next(at);
  }
  for (const day of known) count.set(unit.label(day), (count.get(unit.label(day)) || 0) + 1);
  return count.size > 1 ? { unit, count: [...count] } : null;
}

// A chart of some groups; a bar leads to its groups.
function timeline(groups, filter) {
  const found = bars(groups.map(g => D.groups[g][DAY]));
  if (!found) return null;
  const { unit, count } = found, top = Math.max(...count.map(bar => bar[1])), half = top / 2;
  const svg = h('svg:svg', { class: 'time', viewBox: '0 0 ' + count.length * 10 + ' 100', preserveAspectRatio: 'none',
    role: 'group', 'aria-label': 'Groups a ' + unit.name + ', ' + count[0][0] + ' to ' + count.at(-1)[0] });
  count.forEach(([label, n], i) => {
    const high = n * 96 / top, said = label + ': ' + plural(n, 'group', 'groups');
    const bar = [h('svg:title', {}, said), h('svg:rect', { class: 'hit', x: i * 10, y: 0, width: 10, height: 100 }),
      h('svg:rect', { class: 'b', x: i * 10 + 1, y: 100 - high, width: 8, height: high })];
    svg.append(n ? h('svg:a', { href: groupsAt({ ...filter, since: unit.from(label), until: unit.to(label) }), 'aria-label': said }, bar)
      : h('svg:g', {}, bar));
  });
  const axis = h('div', { class: 'axis', 'aria-hidden': 'true' }, h('span', {}, number(top)),
    Number.isInteger(half) ? h('span', {}, number(half)) : h('span', {}), h('span', {}, '0'));
  const middle = count.length > 8 ? count[Math.floor(count.length / 2)][0] : '';
  return h('figure', { class: 'chart' }, h('figcaption', { class: 'note' }, 'Groups a ' + unit.name + '; a bar leads to its groups'), axis, svg,
    h('p', { class: 'ends' }, [count[0][0], middle, count.at(-1)[0]].map(text => h('span', {}, text))));
}
