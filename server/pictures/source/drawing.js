'use strict';
// Elements and words. Text is only ever set as text, never as markup.

const SVG_TAGS = ['svg', 'path', 'rect', 'title'];

// Characters that turn the direction of the text around them.
const BIDI_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const plain = text => String(text ?? '').replace(BIDI_CONTROLS, '');

// make('p.soft.small', {title: 'all of it'}, 'text', child, [children]): an element with classes, attributes and
// children. Functions among the attributes are listeners; `style` is an object; null and false are left out.
function make(selector, ...children) {
  const [tag, ...classes] = selector.split('.');
  const element = SVG_TAGS.includes(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
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

const list = value => (Array.isArray(value) ? value : []);
const record = value => (value?.constructor === Object ? value : {});

// A button, which a page draws only where its click can do something.
const button = (words, click, attributes) => make('button', { type: 'button', click, ...attributes }, words);

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
const rangeWords = (from, to, options = DATE) =>
  isNaN(utc(from)) || isNaN(utc(to)) || from > to
    ? [from, to].filter(Boolean).map(date => dateWords(date, options)).join(' – ')
    : dated(options).formatRange(utc(from), utc(to));

const number = value => new Intl.NumberFormat(locale).format(value);
const counted = (count, one, many = one + 's') => `${number(count)} ${count === 1 ? one : many}`;
function money(amount, currency) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  try {
    const options = { style: 'currency', currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(locale, options).format(amount);
  } catch {
    return `${number(amount)} ${plain(currency)}`;
  }
}
