import { isList } from './bencode.js';
import type { NgValue } from './value.js';

/** Names of keys, flags and commands are the same in any case, and with `_` or a blank for `-`. Has as many characters as the name. */
export const normalName = (name: string): string => (/[A-Z _]/.test(name) ? name.replace(/[ _]/g, '-').toLowerCase() : name);

/** What a switch may be set to. Other words than these say nothing. */
const SWITCHES: Readonly<Record<string, boolean>> = {
  ...{ yes: true, on: true, true: true, enable: true, enabled: true, '1': true },
  ...{ no: false, off: false, false: false, disable: false, disabled: false, '0': false },
};

/** `yes`, `on`, … are true, `no`, `off`, … false. Null: it is no such word. */
export function switchOf(value: NgValue): boolean | null {
  const word = typeof value === 'number' ? `${value}` : typeof value === 'string' ? value.toLowerCase() : '';
  return Object.hasOwn(SWITCHES, word) ? SWITCHES[word]! : null;
}

/** A list as it is, or one string with commas. What is neither text nor a number is left out, and so are empty words. */
export function wordsOf(value: NgValue): string[] {
  if (typeof value === 'string')
    return value.includes(',')
      ? value
          .split(',')
          .map((word) => word.trim())
          .filter(Boolean)
      : value === ''
        ? []
        : [value];
  if (typeof value === 'number') return [`${value}`];
  return isList(value) ? value.map((each) => (typeof each === 'object' ? '' : `${each}`)).filter(Boolean) : [];
}

/** The same where the place of a word matters: null is one that is empty. */
export function placesOf(value: NgValue): (string | null)[] {
  if (typeof value === 'string' && value.includes(',')) return value.split(',').map((word) => word.trim() || null);
  return isList(value) ? value.map(textOf) : wordsOf(value);
}

/** The same without splitting a string, for what may have commas in it. */
export const wholeWordsOf = (value: NgValue): string[] => wordsOf(typeof value === 'string' ? [value] : value);

/** A number, also where it is written as text. Null: it is none. */
export function numberOf(value: NgValue): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^ *[+-]?[0-9]{1,15} *$/.test(value) ? Number(value) : null;
}

/** Text, also where it is written as a number. Null: it is neither, or empty. */
export function textOf(value: NgValue): string | null {
  if (typeof value === 'number') return `${value}`;
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Inside the words of operators, where neither can stand: `--` is `=`, and `..` a blank. */
export const unescaped = (text: string): string => text.replace(/--|\.\./g, (sign) => (sign === '--' ? '=' : ' '));
