// Elements and words. Text is only ever set as text, never as markup.

// Characters that turn the direction of the text around them.
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const plain = text => String(text ?? '').replace(BIDI_CONTROLS, '');

// make('p.note', {title: 'all of it'}, 'text', child, [children]): an element with classes, attributes and
// children. Functions among the attributes are listeners; `style` is an object; null and false are left out.
function make(selector, ...children) {
  const [tag, ...classes] = selector.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  const attributes = children[0]?.constructor === Object ? children.shift() : {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (name === 'style')
      for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    else element.setAttribute(name, plain(value === true ? '' : value));
  }
  element.append(...kept(children).map(child => (child instanceof Node ? child : plain(child))));
  return element;
}

const kept = children => children.flat(Infinity).filter(child => child != null && child !== false && child !== '');

// Stored text within a sentence: it keeps its own direction.
const stored = text => make('bdi', text);

// Fingers need larger targets, so that the short view has room for fewer of them.
const coarse = matchMedia('(pointer: coarse)').matches;

const button = (words, click, label) => make('button', { click, 'aria-label': label }, words);

const section = (title, aside, ...children) => make('section', make('div.row', make('h2', title), aside), children);

// The words are English; dates and numbers are as English is written in the reader's region.
let locale = 'en';
function setLocale(tag) {
  try {
    locale = new Intl.Locale('en', { region: new Intl.Locale(tag).maximize().region }).toString();
  } catch {}
}
setLocale(navigator.language);

const DAY = { day: 'numeric', month: 'short' };
const DATE = { ...DAY, year: 'numeric' };

const utc = date => new Date(date + 'T00:00:00Z');
const dated = options => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
const dateWords = (date, options = DAY) => (isNaN(utc(date)) ? plain(date) : dated(options).format(utc(date)));
function rangeWords(from, to, options = DATE) {
  try {
    return dated(options).formatRange(utc(from), utc(to));
  } catch {
    return kept([from, to]).map(plain).join(' – ');
  }
}

const spaced = words => plain(words).replaceAll('_', ' ');
const number = value => new Intl.NumberFormat(locale).format(value);
const separated = parts => kept(parts).flatMap((part, index) => (index ? [', ', part] : [part]));
const more = (count, view) => count > 0 && make('p.note.' + view, `and ${number(count)} more`);
const counted = (count, word) => `${number(count)} ${word}${count === 1 ? '' : 's'}`;
function money(amount, currency) {
  try {
    const options = { style: 'currency', currency, trailingZeroDisplay: 'stripIfInteger' };
    return new Intl.NumberFormat(locale, options).format(amount);
  } catch {
    return `${number(amount)} ${plain(currency)}`;
  }
}
