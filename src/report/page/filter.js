// ---- the filter: words as `gleaner search` takes them. Texts are folded and cut in slices, so that the page does not freeze
const WORD = /[\p{L}\p{N}]+/gu;
// Scripts that write no blanks between words: a part of a text is found wherever it stands.
const UNCUT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}]/u;
const cut = text => (fold(text).match(WORD) || []).map(stem).join(' ');
const haystacks = [];
function haystack(g) {
  if (haystacks[g] === undefined) {
    const group = D.groups[g];
    const texts = [group[ID], group[TITLE], group[DAY], ...group[TOPICS].map(t => D.topics[t][LABEL]),
      ...group[MENTIONS].flatMap(m => [m[NAME] === 0 ? '' : m[NAME], isLinked(m) ? entityName(m[ENTITY]) : '', ...(m[SNIPPET] || []).slice(0, 3)]),
      ...entitiesOf(group).flatMap(([e]) => D.entities[e][ALIASES] || []),
      ...group[STORIES].flatMap(story => [story[0], story[3]])].filter(Boolean);
    // A line break between texts, so that no phrase runs from one into the next.
    haystacks[g] = texts.map(text => ' ' + cut(String(text)) + ' ').join('\n');
  }
  return haystacks[g];
}
const SEARCHED = D.groups.some(group => group[STORIES].some(story => story[3]))
  ? 'stories, titles, topics and names' : 'titles, topics, names and the sentences they stand in';

// Words as a test of a text: all of them; "a b" as they stand, word* as a beginning, -word not, OR between two either. The
// word that is being typed is a beginning as well.
function query(typed) {
  const terms = [];
  let either = false, not = false;
  for (const [token, minus, phrase, bare] of typed.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    if (bare === 'OR') { either = terms.length > 0; continue; }
    if (bare === 'NOT') { not = true; continue; }
    const words = fold(phrase ?? bare).match(WORD) || [];
    if (!words.length) continue;
    const begins = bare !== undefined && (bare.endsWith('*') || typed.endsWith(token));
    const uncut = words.length === 1 && UNCUT.test(words[0]);
    const whole = ' ' + words.map(stem).join(' ') + ' ', start = ' ' + words.join(' ');
    const test = text => uncut ? text.includes(words[0]) : text.includes(whole) || begins && text.includes(start);
    const term = { tests: [test], not: minus === '-' || not };
    if (either && !term.not) terms.at(-1).tests.push(test); else terms.push(term);
    either = not = false;
  }
  return { empty: !terms.length, fits: text => terms.every(term => term.tests.some(test => test(text)) !== term.not) };
}

let job = 0;
// The groups of a filter: words, a time, topics and entities.
function groupsView(filter) {
  const mine = ++job, q = filter.q || '', words = query(q);
  const has = { t: byId('topic').get(filter.t), e: filter.e ? findEntity(filter.e.split('\n')) : undefined };
  const since = filter.since ? firstDay(filter.since) : null, until = filter.until || null;
  const isIn = day => (!since || day && firstDay(day) >= since) && (!until || day && firstDay(day).slice(0, until.length) <= until);
  const fits = g => {
    const group = D.groups[g];
    return isIn(group[DAY]) && (filter.t === undefined || group[TOPICS].includes(has.t))
      && (filter.e === undefined || group[MENTIONS].some(m => m[ENTITY] === has.e)) && (words.empty || words.fits(haystack(g)));
  };
  const note = h('p', { class: 'note' }, ''), body = h('div', {}), tools = h('div', { class: 'tools' });
  const without = name => groupsAt({ ...filter, [name]: '', ...(name === 'since' ? { until: '' } : {}) });
  const set = [
    ...(since || until ? [['since', since === until || filter.since === filter.until ? filter.since : (filter.since || '…') + ' to ' + (filter.until || '…')]] : []),
    ...(filter.t ? [['t', has.t === undefined ? filter.t : D.topics[has.t][LABEL]]] : []),
    ...(filter.e ? [['e', has.e === undefined ? filter.e : entityName(has.e)]] : [])];
  const chips = words.empty ? [] : [
    ...matching(D.entities, e => [e[ENTITY_NAME], ...(e[ALIASES] || [])]).map(e => entityChip(e, false, D.entities[e][N_GROUPS])),
    ...matching(D.topics, t => [t[LABEL]]).map(t => topicChip(t, D.topics[t][N_WITH_TOPIC]))];
  function matching(rows, names) {
    const found = [];
    for (let i = 0; i < rows.length && found.length < 8; i++) if (names(rows[i]).some(name => words.fits(' ' + cut(name) + ' '))) found.push(i);
    return found;
  }
  const found = [];
  let at = 0;
  function slice() {
    if (mine !== job) return;
    const stop = performance.now() + 12;
    while (at < D.groups.length && performance.now() < stop) {
      for (const end = Math.min(at + 200, D.groups.length); at < end; at++) if (fits(at)) found.push(at);
    }
    if (at < D.groups.length) {
      note.textContent = 'Looking… ' + number(found.length) + ' so far';
      setTimeout(slice);
      return;
    }
    const all = found.length === D.groups.length;
    note.textContent = plural(found.length, 'group', 'groups') + (all ? '' : ' of ' + number(D.groups.length)) + ', newest first'
      + (words.empty ? '' : '; searched: ' + SEARCHED);
    say(plural(found.length, 'group', 'groups'));
    if (found.length) tools.append(download('groups', () => groupRows(found)));
    body.replaceChildren(...(found.length ? [timeline(found, filter), pages(found, card)].filter(Boolean)
      : [h('p', { class: 'empty' }, 'No group fits. All words must be there; "two words" is a phrase, word* a beginning, -word leaves out.')]));
  }
  slice();
  return [h('div', { class: 'head' }, h('h1', {}, q.trim() ? '“' + q.trim() + '”' : 'Groups'), note,
    set.length ? list(set.map(([name, text]) => h('a', { class: 'chip', href: without(name), 'aria-label': 'Without ' + text }, text, ' ×'))) : null,
    chips.length ? list(chips) : null, tools), body];
}
