// ---- where we are stands in the address, and the way there in the browser's history
const TITLE_OF_PAGE = document.title;
// By entry of the history: how far it was scrolled, and how many rows of a list were shown.
const memory = new Map();
let entry = null, next = Date.now(), typing = false;
history.scrollRestoration = 'manual';
const say = text => { said.textContent = text; };
const wanted = () => (memory.get(entry) || {}).shown || 0;

function read(hash) {
  const [path, search] = hash.replace(/^#\/?/, '').split('?');
  try {
    const [name, ...rest] = path.split('/').map(decodeURIComponent);
    return { name, rest, filter: Object.fromEntries(new URLSearchParams(search || '')) };
  } catch {
    return { name: '?', rest: [], filter: {} };
  }
}

function remember() {
  if (entry !== null) memory.set(entry, { y: scrollY, shown: listed ? listed.shown() : 0 });
}

function route() {
  if (history.state === null) history.replaceState({ at: ++next }, '');
  entry = history.state.at;
  routed = location.href;
  listed = null;
  const { name, rest, filter } = read(location.hash);
  job++;
  if (document.activeElement !== box) box.value = filter.q || '';
  const made = {
    groups: () => groupsView(filter), topics: topicsView, entities: entitiesView, graph: graphView, unresolved: unresolvedView,
    e: () => entityPage(rest), t: () => topicPage(rest[0]), g: () => groupPage(rest[0]), p: () => pairPage(rest[0], rest[1]), '?': missing,
  }[name];
  overview.hidden = Boolean(made);
  view.hidden = !made;
  view.replaceChildren(...(made ? made().filter(Boolean) : []));
  const title = made && view.querySelector('h1');
  document.title = title ? title.textContent + ' – ' + TITLE_OF_PAGE : TITLE_OF_PAGE;
  const tab = { e: 'entities', t: 'topics', g: 'groups', p: 'graph' }[name] || (made ? name : '');
  for (const a of document.querySelectorAll('.bar nav a')) {
    if (a.getAttribute('href') === '#/' + tab) a.setAttribute('aria-current', 'page'); else a.removeAttribute('aria-current');
  }
  if (document.activeElement === box) return;
  scrollTo(0, (memory.get(entry) || {}).y || 0);
  if (made) main.focus({ preventScroll: true });
}

// The first key makes an entry of the history, the next ones change it: Back leads to where the typing began.
let timer = 0;
function filtered() {
  const { name, filter } = read(location.hash), kept = name === 'groups' ? filter : {};
  const to = groupsAt({ ...kept, q: box.value.trim() });
  remember();
  if (typing) history.replaceState(history.state, '', to); else history.pushState({ at: ++next }, '', to);
  typing = true;
  route();
}
box.addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(filtered, 120);
});
box.addEventListener('blur', () => { typing = false; });
addEventListener('keydown', event => {
  if (event.target === box) {
    if (event.key === 'Escape') {
      clearTimeout(timer);
      const back = typing;
      box.value = '';
      main.focus();
      if (back) history.back(); else if (read(location.hash).filter.q) location.hash = groupsAt({ ...read(location.hash).filter, q: '' });
    }
    if (event.key === 'Enter') {
      clearTimeout(timer);
      filtered();
      main.focus();
    }
    return;
  }
  if (event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
// A link is followed from here: what is shown is remembered first.
addEventListener('click', remember, true);
addEventListener('scroll', () => { if (entry !== null && document.activeElement !== box) remember(); }, { passive: true });
// Browsers differ in which of the two a followed link fires.
let routed = '';
for (const name of ['popstate', 'hashchange']) addEventListener(name, () => {
  typing = false;
  if (routed !== location.href) route();
});
addEventListener('beforeprint', () => {
  if (listed) listed.add(listed.rest());
  for (const d of view.querySelectorAll('details')) d.open = true;
});

// The overview was written for readers without a script; with one it leads on.
for (const a of overview.querySelectorAll('[data-topic]')) a.href = topicAt(+a.dataset.topic);
for (const a of overview.querySelectorAll('[data-entity]')) a.href = entityAt(+a.dataset.entity);
const spot = document.getElementById('legend');
if (spot) spot.before(legend([...new Set(D.entities.slice(0, 20).map(e => e[TYPE]))].sort((a, b) => a - b)));
const chart = document.getElementById('chart'), drawn = chart && timeline(D.groups.map((_, g) => g), {});
if (drawn) chart.replaceChildren(drawn);
route();
