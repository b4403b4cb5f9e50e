import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { Description, NetworkChoice } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';
import type { Grammar } from './grammar.js';
import { numericHost } from './numericHost.js';

/** What the modifiers of U and L say; `ipv6`: the remote address is to be one. */
export type Modifiers = Omit<Description, 'remote' | 'held'> & { readonly ipv6: boolean };

type Network = 'internal' | 'external';

type Draft = {
  weak: boolean;
  asymmetric: boolean | null;
  codecs: readonly number[] | null;
  resizeMs: number | null;
  newPort: boolean;
  callerTtlSeconds: number | null;
  calleeTtlSeconds: number | null;
  ipv6: boolean;
  /** `e` and `i` in the order given. */
  readonly bridge: Network[];
  /** The last `l` or `r`: it counts for more than `e`, `i` and `6`. */
  place: NetworkChoice | null;
};

/** Reads from `at` on, into the draft. Answers where the next letter stands, or the error. */
type Reader = (draft: Draft, text: string, at: number, grammar: Grammar) => number | ErrorCode;

const LONGEST_RESIZE_MS = 999;
/** RFC 3550 §5.1: seven bits. */
const HIGHEST_PAYLOAD_TYPE = 127;

/** Letters that say all themselves, in lower case; either case is the same. */
const SWITCHES: ReadonlyMap<string, Partial<Draft>> = new Map([
  ['a', { asymmetric: true }],
  ['s', { asymmetric: false }],
  ['w', { weak: true }],
  ['n', { newPort: true }],
  ['6', { ipv6: true }],
]);

/** The others; either case is the same, but for `t`. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['e', (draft, _, at, grammar) => readBridge(draft, at, grammar, 'external', E.externalModifier)],
  ['i', (draft, _, at, grammar) => readBridge(draft, at, grammar, 'internal', E.internalModifier)],
  ['z', readResize],
  ['c', readCodecs],
  ['l', readLocal],
  ['r', readPeer],
  ['t', readTtl],
]);

/** Whether some modifier of U and L is this letter, or has this character in its number or list. */
export const isModifierText = (character: string): boolean => READERS.has(character.toLowerCase()) || /[0-9,]/.test(character);

/**
 * Reads the modifiers glued to U or L, from left to right; the first that is wrong answers. Where a letter comes twice the last one counts,
 * except `c`, and `e` and `i`, of which there may be two.
 */
export function parseModifiers(text: string, grammar: Grammar): Result<Modifiers, ErrorCode> {
  const draft: Draft = {
    weak: false,
    asymmetric: null,
    codecs: null,
    resizeMs: null,
    newPort: false,
    callerTtlSeconds: null,
    calleeTtlSeconds: null,
    ipv6: false,
    bridge: [],
    place: null,
  };
  let at = 0;
  while (at < text.length) {
    const next = readModifier(draft, text, at, grammar);
    if (typeof next !== 'number') return refuse(next);
    at = next;
  }
  const { bridge, place, codecs, ...rest } = draft;
  return ok({ ...rest, codecs: codecs ?? [], network: chosen(bridge, place, rest.ipv6) });
}

const readModifier: Reader = (draft, text, at, grammar) => {
  const letter = text.charAt(at).toLowerCase();
  const said = SWITCHES.get(letter);
  if (said === undefined) return READERS.get(letter)?.(draft, text, at + 1, grammar) ?? E.updateModifier;
  Object.assign(draft, said);
  return at + 1;
};

function chosen([caller, callee]: readonly Network[], place: NetworkChoice | null, ipv6: boolean): NetworkChoice {
  const six = ipv6 ? ({ ipv6 } as const) : {};
  if (place !== null) return place.kind === 'label' ? { ...place, ...six } : place;
  if (caller !== undefined) return { kind: 'bridge', caller, callee: callee ?? null, ...six };
  return ipv6 ? { kind: 'ipv6' } : { kind: 'default' };
}

/** The text from `at` on that fits a sticky pattern, or ''. */
function take(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

const DIGITS = /[0-9]+/y;
const LIST = /[0-9,]+/y;
const DOTTED = /[0-9.]+/y;
const BRACKETED = /\[[0-9a-fA-F:.]*\]/y;
const LABEL = /\{[^}]*\}/y;
/** Nine digits: more than a timer of a century needs. */
const SECONDS = /[0-9]{1,9}(?![0-9])/y;

function readBridge(draft: Draft, at: number, grammar: Grammar, network: Network, error: ErrorCode): number | ErrorCode {
  if (!grammar.bridging || draft.bridge.length === 2) return error;
  draft.bridge.push(network);
  return at;
}

function readResize(draft: Draft, text: string, at: number): number | ErrorCode {
  const digits = take(DIGITS, text, at);
  const ms = Number(digits);
  if (ms < 1 || ms > LONGEST_RESIZE_MS) return E.resizeModifier;
  draft.resizeMs = ms;
  return at + digits.length;
}

/** Stray commas are let pass, and so are numbers that are no payload type. */
function readCodecs(draft: Draft, text: string, at: number): number | ErrorCode {
  const list = take(LIST, text, at);
  if (list === '' || draft.codecs !== null) return E.codecList;
  const codecs = list.split(',').filter(Boolean).map(Number);
  draft.codecs = codecs.filter((codec) => codec <= HIGHEST_PAYLOAD_TYPE);
  return at + list.length;
}

function readLocal(draft: Draft, text: string, at: number, grammar: Grammar): number | ErrorCode {
  if (text.charAt(at) !== '{') {
    const found = readHost(text, at);
    if (found === null) return E.localAddress;
    if (found.host === null) return E.noSuchLocal;
    draft.place = { kind: 'address', host: found.host };
    return found.end;
  }
  const braced = take(LABEL, text, at);
  if (braced === '') return E.localAddress;
  const label = braced.slice(1, -1);
  if (!grammar.hasLabel(label)) return E.noSuchLocal;
  draft.place = { kind: 'label', label };
  return at + braced.length;
}

function readPeer(draft: Draft, text: string, at: number): number | ErrorCode {
  const found = readHost(text, at);
  if (found === null) return E.peerAddress;
  if (found.host === null) return E.noRoute;
  draft.place = { kind: 'towards', host: found.host };
  return found.end;
}

/** Null: nothing that looks like an address. `host` null: it does, but is none, such as 999.1.1.1. */
function readHost(text: string, at: number): { readonly host: string | null; readonly end: number } | null {
  const bracketed = text.charAt(at) === '[';
  const taken = take(bracketed ? BRACKETED : DOTTED, text, at);
  const host = bracketed ? numericHost(taken.slice(1, -1), 'IPv6') : numericHost(taken, 'IPv4');
  return taken === '' ? null : { host, end: at + taken.length };
}

/** OpenSIPS: `t` is for the caller's packets, `T` for the callee's. The one letter whose case means something. */
function readTtl(draft: Draft, text: string, at: number): number | ErrorCode {
  const digits = take(SECONDS, text, at);
  const seconds = Number(digits);
  if (seconds < 1) return E.updateModifier;
  if (text.charAt(at - 1) === 't') draft.callerTtlSeconds = seconds;
  else draft.calleeTtlSeconds = seconds;
  return at + digits.length;
}
