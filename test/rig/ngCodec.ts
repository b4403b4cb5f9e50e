import type { NgDictionary, NgEncoding, NgValue } from '../../src/protocol/ng/value.js';

/** The two encodings as short as they can be, for clients and handlers that are not to have those of the relay. `decode`: null: it is no dictionary. */
export const shortCodec = {
  encode: (dictionary: NgDictionary, encoding: NgEncoding): string =>
    encoding === 'json' ? utf8(JSON.stringify(dictionary)) : bencode(dictionary),
  decode: (payload: string): NgDictionary | null => {
    try {
      return payload.startsWith('{') ? (JSON.parse(text(payload)) as NgDictionary) : bdecode(payload);
    } catch {
      return null;
    }
  },
};

const utf8 = (value: string): string => Buffer.from(value).toString('latin1');
const text = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

function bencode(value: NgValue): string {
  if (typeof value === 'string') return `${value.length}:${value}`;
  if (typeof value === 'number') return `i${value}e`;
  if (Array.isArray(value)) return `l${value.map(bencode).join('')}e`;
  return `d${Object.entries(value)
    .map(([key, entry]) => bencode(key) + bencode(entry))
    .join('')}e`;
}

function bdecode(payload: string): NgDictionary | null {
  let at = 0;
  const read = (): NgValue => {
    const kind = payload[at];
    if (kind === 'd' || kind === 'l') return readGroup(kind);
    const end = payload.indexOf(kind === 'i' ? 'e' : ':', at);
    if (end < 0) throw new Error('cut off');
    if (kind === 'i') {
      const number = Number(payload.slice(at + 1, end));
      at = end + 1;
      return number;
    }
    const length = Number(payload.slice(at, end));
    at = end + 1 + length;
    return payload.slice(end + 1, at);
  };
  const readGroup = (kind: string): NgValue => {
    const values: NgValue[] = [];
    for (at++; payload[at] !== 'e'; ) {
      if (at >= payload.length) throw new Error('cut off');
      values.push(read());
    }
    at++;
    if (kind === 'l') return values;
    return Object.fromEntries(values.flatMap((value, i) => (i % 2 === 0 ? [[String(value), values[i + 1] ?? '']] : [])));
  };
  const value = read();
  return typeof value === 'object' && !Array.isArray(value) ? (value as NgDictionary) : null;
}
