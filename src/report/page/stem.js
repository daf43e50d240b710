// ---- English endings taken off, as the program's search does: M. F. Porter, "An algorithm for suffix stripping", 1980
const stems = new Map();
// How often a vowel is followed by a consonant: the measure of a stem.
function measure(stem) {
  let n = 0, before = false;
  for (let i = 0; i < stem.length; i++) {
    const vowel = isVowel(stem, i);
    if (before && !vowel) n++;
    before = vowel;
  }
  return n;
}
const isVowel = (word, i) => 'aeiou'.includes(word[i]) || word[i] === 'y' && i > 0 && !isVowel(word, i - 1);
const hasVowel = stem => [...stem].some((_, i) => isVowel(stem, i));
const endsDouble = word => /([^aeiou])\1$/.test(word) && !isVowel(word, word.length - 1);
function endsShort(word) {
  const n = word.length;
  return n > 2 && !isVowel(word, n - 1) && isVowel(word, n - 2) && !isVowel(word, n - 3) && !/[wxy]$/.test(word);
}
const SECOND = [['ational', 'ate'], ['tional', 'tion'], ['enci', 'ence'], ['anci', 'ance'], ['izer', 'ize'], ['logi', 'log'], ['bli', 'ble'],
  ['alli', 'al'], ['entli', 'ent'], ['eli', 'e'], ['ousli', 'ous'], ['ization', 'ize'], ['ation', 'ate'], ['ator', 'ate'], ['alism', 'al'],
  ['iveness', 'ive'], ['fulness', 'ful'], ['ousness', 'ous'], ['aliti', 'al'], ['iviti', 'ive'], ['biliti', 'ble']];
const THIRD = [['icate', 'ic'], ['ative', ''], ['alize', 'al'], ['iciti', 'ic'], ['ical', 'ic'], ['ful', ''], ['ness', '']];
const FOURTH = ['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent', 'ion', 'ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'];

function stem(word) {
  let known = stems.get(word);
  if (known === undefined) stems.set(word, known = /^[a-z]{3,19}$/.test(word) ? stripped(word) : word);
  return known;
}
function stripped(word) {
  const cut = (ending, to = '') => word.slice(0, word.length - ending.length) + to;
  if (/(ss|i)es$/.test(word)) word = word.slice(0, -2);
  else if (/[^s]s$/.test(word)) word = word.slice(0, -1);
  if (word.endsWith('eed')) {
    if (measure(cut('eed')) > 0) word = word.slice(0, -1);
  } else {
    const ending = ['ed', 'ing'].find(end => word.endsWith(end) && hasVowel(cut(end)));
    if (ending) {
      word = cut(ending);
      if (/(at|bl|iz)$/.test(word)) word += 'e';
      else if (endsDouble(word) && !/[lsz]$/.test(word)) word = word.slice(0, -1);
      else if (measure(word) === 1 && endsShort(word)) word += 'e';
    }
  }
  if (word.endsWith('y') && hasVowel(word.slice(0, -1))) word = cut('y', 'i');
  for (const step of [SECOND, THIRD]) {
    const pair = step.find(([ending]) => word.endsWith(ending));
    if (pair && measure(cut(pair[0])) > 0) word = cut(...pair);
  }
  const fourth = FOURTH.filter(end => word.endsWith(end)).sort((a, b) => b.length - a.length)[0];
  if (fourth && measure(cut(fourth)) > 1 && (fourth !== 'ion' || /[st]ion$/.test(word))) word = cut(fourth);
  if (word.endsWith('e')) {
    const rest = word.slice(0, -1), n = measure(rest);
    if (n > 1 || n === 1 && !endsShort(rest)) word = rest;
  }
  return word.endsWith('ll') && measure(word) > 1 ? word.slice(0, -1) : word;
}
