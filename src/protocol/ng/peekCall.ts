import { COLON, D, E, I, L, ZERO } from './bencodeLetters.js';
import { commandNamed } from './commands.js';
import { decodeJson } from './json.js';
import { readDictionary, readNg } from './readRequest.js';
import type { NgCommand, NgReading } from './request.js';
import { normalName } from './spelling.js';
import type { NgDictionary } from './value.js';

/** As much of a request as it takes to hand it on. */
export type NgCall = { readonly command: NgCommand; readonly callId: string | null };

const COMMAND = 'command';
const CALL_ID = 'call-id';
/** Of either, so that no other key need be looked at. */
const LENGTH = 7;

/**
 * Which call a payload is about, without reading the rest of it: for every request that `readNg` reads, what that says. Null: it cannot be
 * told, and whoever reads it will answer with an error.
 */
export function peekCall(payload: string): NgCall | null {
  if (payload.startsWith('{')) return peekJson(payload);
  const seen = payload.startsWith('d') ? peekBencode(payload) : null;
  return seen === null ? callOf(readNg(payload)) : callSeen(seen);
}

const callOf = (reading: NgReading): NgCall | null =>
  reading.kind === 'request' ? { command: reading.request.command, callId: reading.request.callId } : null;

/** `callId` is not empty. */
type Seen = { readonly command: string; readonly callId: string };

function callSeen(seen: Seen): NgCall | null {
  const command = commandNamed(seen.command);
  return command === null ? null : { command, callId: seen.callId };
}

/** Decoded once: what is no JSON costs enough to find that out. */
function peekJson(payload: string): NgCall | null {
  const decoded = decodeJson(payload);
  if (!decoded.ok) return null;
  const seen = seenIn(decoded.value);
  return seen === null ? callOf(readDictionary({ encoding: 'json', dictionary: decoded.value })) : callSeen(seen);
}

/** Null: the keys are not there, or not once and in their usual spelling. */
function seenIn(dictionary: NgDictionary): Seen | null {
  const { command, 'call-id': callId } = dictionary;
  if (typeof command !== 'string' || typeof callId !== 'string' || callId === '') return null;
  for (const key in dictionary) if (key !== COMMAND && key !== CALL_ID && isOneOfThem(key)) return null;
  return { command, callId };
}

const isOneOfThem = (key: string): boolean => key.length === LENGTH && [COMMAND, CALL_ID].includes(normalName(key));

/** Null as above. Strings are jumped over by their length; where a list or dictionary comes before, all of it is. */
function peekBencode(text: string): Seen | null {
  let [command, callId]: [string | null, string | null] = [null, null];
  let at = 1;
  while (text.charCodeAt(at) !== E) {
    const key = startOfString(text, at);
    if (key < 0) return null;
    const value = endOfString(text, at);
    at = endOfValue(text, value);
    if (at < 0) return null;
    if (value - key !== LENGTH || !isOneOfThem(text.slice(key, value))) continue;
    const start = startOfString(text, value);
    if (start < 0) return null;
    if (command === null && text.startsWith(COMMAND, key)) command = text.slice(start, at);
    else if (callId === null && text.startsWith(CALL_ID, key)) callId = text.slice(start, at);
    else return null;
  }
  return command === null || callId === null || callId === '' ? null : { command, callId };
}

/** Where the bytes of the string begin that stands at `at`; below 0: there is none, or not all of it with something behind. */
function startOfString(text: string, at: number): number {
  return endOfString(text, at) < 0 ? -1 : text.indexOf(':', at) + 1;
}

/** Behind the string that stands at `at`. Below 0 as above. */
function endOfString(text: string, at: number): number {
  let length = 0;
  let colon = at;
  for (let digit = text.charCodeAt(colon) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(++colon) - ZERO)
    length = length * 10 + digit;
  return colon === at || text.charCodeAt(colon) !== COLON || colon + length >= text.length ? -1 : colon + 1 + length;
}

/** Behind the value that begins at `start`; below 0: it has no end. */
function endOfValue(text: string, start: number): number {
  let at = start;
  let open = 0;
  do {
    const code = text.charCodeAt(at);
    if (code === D || code === L || code === E) {
      open += code === E ? -1 : 1;
      at++;
    } else if (code === I) at = text.indexOf('e', at) + 1 || text.length;
    else {
      const end = endOfString(text, at);
      at = end < 0 ? text.length + 1 : end;
    }
  } while (open > 0 && at < text.length);
  return open === 0 && at < text.length ? at : -1;
}
