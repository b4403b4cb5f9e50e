import { complain, type Draft, type FieldOf, type Reader } from './reading.js';
import { numberOf, switchOf } from './spelling.js';

/**
 * A number between bounds. What is none is told as not done, and the request is carried out without it: proxies fill such keys from variables, and
 * rtpengine lets pass whatever stands there.
 */
export const number =
  (field: FieldOf<number>, lowest = Number.MIN_SAFE_INTEGER, highest = Number.MAX_SAFE_INTEGER): Reader =>
  ({ request }, value) => {
    const given = numberOf(value);
    if (given === null || given < lowest || given > highest) return false;
    request[field] = given;
    return true;
  };

/**
 * A number that nobody gets wrong in good faith, and that changes what is done: what is none, or below `lowest`, refuses the request, saying what
 * was `expected`. Empty text is as if it was not given.
 */
const strict =
  (set: (request: Draft, given: number) => void, expected: string, lowest = Number.MIN_SAFE_INTEGER): Reader =>
  (reading, value, name) => {
    const given = numberOf(value);
    const isFine = given !== null && given >= lowest;
    if (isFine) set(reading.request, given);
    else if (value !== '') complain(reading, name, value, expected);
    return isFine || value === '';
  };

const into =
  (field: FieldOf<number>) =>
  (request: Draft, given: number): void => {
    request[field] = given;
  };

/** `unit`: what is counted. */
export const count = (field: FieldOf<number>, unit: string): Reader => strict(into(field), `a number of ${unit}, 0 or more`, 0);

/** The same where a number below 0 says nothing. */
export const countIfAny = (field: FieldOf<number>, unit: string): Reader =>
  strict((request, given) => {
    if (given >= 0) request[field] = given;
  }, `a number of ${unit}`);

/** Any number: whoever uses it has bounds of its own. */
export const anyNumber = (field: FieldOf<number>, unit: string): Reader => strict(into(field), `a number of ${unit}`);

/** Its sign may be left out. */
export const readVolume: Reader = strict((request, given) => {
  request.volume = given === 0 ? 0 : -Math.abs(given);
}, 'a number of dB');

const readPauseMs = anyNumber('pauseMs', 'milliseconds');

/** Milliseconds after a key; with recordings a switch. */
export const readPause: Reader = (reading, value, name) => {
  if (numberOf(value) !== null || reading.request.command === 'play DTMF') return readPauseMs(reading, value, name);
  if (switchOf(value) === true) reading.request.flags.add('pause');
  return switchOf(value) !== null;
};
