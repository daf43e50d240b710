'use strict';
// The page reads one block of JSON; texts from it reach the page as text nodes only, never as markup.
const D = JSON.parse(document.getElementById('data').textContent);
// Places in the rows of that block.
const [ID, TITLE, DAY, TOPICS, MENTIONS, STORIES] = [0, 1, 2, 3, 4, 5];
const [ENTITY, NAME, METHOD, SCORE, PRIMARY, CONFIDENCE, SNIPPET] = [0, 1, 2, 3, 4, 5, 6];
const [TYPE, ENTITY_ID, ENTITY_NAME, N_GROUPS, ALIASES, ATTRIBUTES] = [0, 1, 2, 3, 4, 5];
const [LABEL, N_WITH_TOPIC, TOPIC_KEY] = [0, 1, 2];
const COLORS = 7;

const number = n => n.toLocaleString('en-US');
const plural = (n, one, many) => number(n) + ' ' + (n === 1 ? one : many);
const percent = p => p < 1 && p > 0.995 ? '>99\u00a0%' : Math.round(p * 100) + '\u00a0%';
const fold = text => text.normalize('NFKD').replace(/[\p{M}\u00ad\u200b-\u200f\u2060\ufeff]/gu, '').toLowerCase()
  .replace(/[łøđßæœħı]/g, letter => ({ ł: 'l', ø: 'o', đ: 'd', ß: 'ss', æ: 'ae', œ: 'oe', ħ: 'h', ı: 'i' })[letter]);
const entityName = e => D.entities[e][ENTITY_NAME];
const entityType = e => D.types[D.entities[e][TYPE]];
const mentionName = m => m[NAME] === 0 ? entityName(m[ENTITY]) : m[NAME];
const isLinked = m => m[ENTITY] >= 0;
const groupTitle = group => group[TITLE] || (group[STORIES].find(story => story[0]) || [])[0] || group[ID];
// A story's link is followed only where it leads to the web.
const safe = url => /^https?:\/\//i.test(url || '') ? url : null;
// A year and a month begin on their first day.
const firstDay = day => day + '-01-01'.slice(day.length - 4);

// ---- addresses: by the ids of the database, so that one that was sent still leads there when the page is made anew
const address = (...parts) => '#/' + parts.map(part => encodeURIComponent(part).replace(/%3A/g, ':')).join('/');
const topicKey = t => D.topics[t][TOPIC_KEY] || D.topics[t][LABEL];
// Ids are unique within a type only; where two share one, the type stands before it.
const entityPath = e => byId('entity').get(D.entities[e][ENTITY_ID]) === e
  ? [D.entities[e][ENTITY_ID]] : [entityType(e), D.entities[e][ENTITY_ID]];
const groupAt = g => address('g', D.groups[g][ID]);
const topicAt = t => address('t', topicKey(t));
const entityAt = e => address('e', ...entityPath(e));
const groupsAt = filter => '#/groups?' + new URLSearchParams(Object.entries(filter).filter(([, value]) => value));

const ids = {};
function byId(kind) {
  if (!ids[kind]) {
    const map = ids[kind] = new Map();
    const add = (key, i) => { if (!map.has(key)) map.set(key, i); };
    if (kind === 'group') D.groups.forEach((group, g) => add(group[ID], g));
    if (kind === 'topic') D.topics.forEach((_, t) => add(topicKey(t), t));
    if (kind === 'entity') D.entities.forEach((entity, e) => add(entity[ENTITY_ID], e));
    if (kind === 'typed') D.entities.forEach((entity, e) => add(D.types[entity[TYPE]] + '\n' + entity[ENTITY_ID], e));
  }
  return ids[kind];
}
const findEntity = path => path.length > 1 ? byId('typed').get(path.join('\n')) : byId('entity').get(path[0]);

// ---- what stands where, worked out when it is first asked for
let places = null;
function index() {
  if (places) return places;
  places = { entity: D.entities.map(() => []), topic: D.topics.map(() => []) };
  D.groups.forEach((group, g) => {
    for (const t of group[TOPICS]) places.topic[t].push(g);
    for (const [e, primary] of entitiesOf(group)) places.entity[e].push([g, primary]);
  });
  return places;
}

// The linked entities of a group, those that it is chiefly about first.
function entitiesOf(group) {
  const seen = new Map();
  for (const m of group[MENTIONS]) if (isLinked(m)) seen.set(m[ENTITY], seen.get(m[ENTITY]) || m[PRIMARY]);
  return [...seen].sort((a, b) => b[1] - a[1]);
}
const entitySet = group => new Set(group[MENTIONS].filter(isLinked).map(m => m[ENTITY]));

// The most frequent of something in some groups.
function most(groups, of, except, limit) {
  const count = new Map();
  for (const g of groups) for (const x of of(D.groups[g])) if (!except.includes(x)) count.set(x, (count.get(x) || 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
}
