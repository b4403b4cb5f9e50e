import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { decodeBencode } from './bencode.js';
import { commandNamed, noSuchCommand, requestProblem } from './commands.js';
import { decodeJson } from './json.js';
import { newReading, type Reading } from './reading.js';
import { joinTransportWords, keyNamed, readKey, readWord } from './readKey.js';
import type { NgCommand, NgReading } from './request.js';
import { readRtppFlags } from './rtppFlags.js';
import { wholeWordsOf, wordsOf } from './spelling.js';
import type { NgDictionary, NgEncoding, NgValue } from './value.js';

export type NgDecoded = { readonly encoding: NgEncoding; readonly dictionary: NgDictionary };
/** What is answered, in the encoding of the question where it can be told. */
export type NgProblem = Extract<NgReading, { kind: 'error' }>;

const problem = (encoding: NgEncoding, reason: string, detail: string | null = null): NgProblem => ({
  ...{ kind: 'error', encoding, reason, detail },
});

/** What is answered to what is neither bencode nor JSON. */
export const NO_FORMAT = 'Invalid NG data format';

/** What is answered to what begins as a dictionary and is none that a request can be made of. */
export const undecodable = (encoding: NgEncoding): string =>
  `Could not decode ${encoding === 'json' ? 'JSON' : 'bencode'} dictionary`;

const withoutBlanks = (payload: string): string => (' \t\r\n'.includes(payload.charAt(0)) ? payload.trimStart() : payload);

/** The encoding of the answer to a payload; `otherwise`: to what begins as neither. */
export function encodingOf(payload: string, otherwise: NgEncoding = 'bencode'): NgEncoding {
  const text = withoutBlanks(payload);
  if (text.startsWith('{')) return 'json';
  return BENCODE_BEGINS.test(text) ? 'bencode' : otherwise;
}

/** A dictionary that has anything in it begins with the length of a key; a word that begins with d is none. */
const BENCODE_BEGINS = /^d(?:\d|e$)/;

/**
 * Decodes a payload by its first byte; blanks and line ends around it are let pass. `otherwise`: how is answered what is no dictionary, nor begins
 * as one.
 */
export function decodeNg(payload: string, otherwise: NgEncoding = 'bencode'): Result<NgDecoded, NgProblem> {
  const text = withoutBlanks(payload);
  if (text === '') return refuse(problem(otherwise, 'Invalid data (no payload)'));
  if (text.startsWith('d')) {
    const decoded = decodeBencode(text);
    if (decoded.ok) return ok({ encoding: 'bencode', dictionary: decoded.value });
    return refuse(problem(encodingOf(text, otherwise), undecodable('bencode'), decoded.error));
  }
  if (!text.startsWith('{')) return refuse(problem(otherwise, NO_FORMAT, 'it begins with neither d nor {'));
  const decoded = decodeJson(text);
  if (decoded.ok) return ok({ encoding: 'json', dictionary: decoded.value });
  const reason = decoded.error.kind === 'syntax' ? 'Failed to parse JSON document' : undecodable('json');
  return refuse(problem('json', reason, decoded.error.reason));
}

/** Reads a request: a payload without its cookie, one character a byte. Never throws; linear in the length. `otherwise`: see `decodeNg`. */
export function readNg(payload: string, otherwise?: NgEncoding): NgReading {
  const decoded = decodeNg(payload, otherwise);
  return decoded.ok ? readDictionary(decoded.value) : decoded.error;
}

/** The same where it has been decoded. */
export function readDictionary({ encoding, dictionary }: NgDecoded): NgReading {
  const name = commandIn(dictionary);
  if (name === null) return problem(encoding, 'Dictionary contains no key "command"');
  const command = commandNamed(name);
  if (command === null) return problem(encoding, noSuchCommand(name));
  const { request, ignored, notDone, complaint } = readKeys(command, dictionary);
  const reason = requestProblem(request) ?? complaint;
  return reason === null ? { kind: 'request', encoding, request, ignored, notDone } : problem(encoding, reason);
}

/** The last key that is `command` in one of its spellings. */
function commandIn(dictionary: NgDictionary): string | null {
  let found: NgValue | undefined = dictionary['command'];
  if (found === undefined) for (const key in dictionary) if (keyNamed(key)?.name === 'command') found = dictionary[key];
  return typeof found === 'string' ? found : null;
}

function readKeys(command: NgCommand, dictionary: NgDictionary): Reading {
  const reading = newReading(command);
  const texts: string[] = [];
  const keys = Object.keys(dictionary);
  for (const key of keys) if (isText(key)) texts.push(...wholeWordsOf(dictionary[key]!));
  // The single keys are read last, so that they count more.
  for (const text of texts) readRtppFlags(reading, text);
  for (const key of keys) {
    const value = dictionary[key]!;
    if (isFlags(key)) for (const word of wordsOf(value)) readWord(reading, word);
    else if (!isText(key)) readKey(reading, key, value);
  }
  joinTransportWords(reading);
  return reading;
}

const isFlags = (key: string): boolean => key === 'flags' || (key.length === 5 && keyNamed(key)?.name === 'flags');
const RTPP_FLAGS = 'rtpp-flags'.length;
const isText = (key: string): boolean => key.length === RTPP_FLAGS && keyNamed(key)?.name === 'rtpp-flags';
