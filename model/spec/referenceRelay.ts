import { type Letters, letterProblem, readLetters, readSubs, type Sub, splitCommand } from './referenceGrammar.js';
import {
  endsOf,
  newSound,
  play,
  playProblem,
  record,
  recordProblem,
  type Sound,
  type SoundSetting,
  soundsOf,
  stop,
  targetOf,
} from './referenceSound.js';

/** What the oracle is told of the relay it predicts. */
export type Setting = SoundSetting & {
  /** Pairs of the port range. */
  readonly pairs: number;
  /** Time to live of a session once both sockets exist, and before. */
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  /** The address that stands in port replies where no other is asked for. */
  readonly host: string;
};

/** Which port is free is the relay's choice, so the oracle gives ports names (`port#1`, `port#2`, …) instead of numbers. */
export type PortName = `port#${number}`;

type Index = 0 | 1;
/** One direction of a session, by rtpproxy's index: 0 is made by the first U, 1 by the first L. `sound`: of whoever sends that U or L. */
type Stream = { port: PortName | null; host: string; weak: boolean; readonly sound: Sound };
type Session = {
  call: string;
  tag: string;
  streams: [Stream, Stream];
  strong: boolean;
  heardAtMs: number;
  /** Set by `S ttl`; until then it is that of the setting. */
  ttlMs: number | null;
};
type Verb = {
  min: number;
  max: number;
  /** Letters it knows, and the error for others; `own`: it sees to that itself. */
  modifiers: string;
  otherModifier: string;
  takesSubs: boolean;
  answer: (args: readonly string[], modifiers: string, subs: readonly (readonly string[])[]) => string;
};

/** 1: equal. 2: the stored tag is the given one and a media number. 0: another. */
function compareTags(stored: string, given: string): 0 | 1 | 2 {
  if (stored === given) return 1;
  return stored.startsWith(`${given};`) ? 2 : 0;
}

const suffixOf = (tag: string): string => tag.slice(tag.lastIndexOf(';'));
const other = (index: Index): Index => (index === 0 ? 1 : 0);

/**
 * A reference relay: what rtpproxy answers to U L D Q I X and P S R C N, with new ports, other local addresses and the sub-commands D, S ttl and
 * L, and how many ports it then holds. Written from the description of its protocol, with its own notions (streams 0 and 1, flags), and knowing
 * nothing of how the relay decides. No media, so all counters are zero; no `Qv` and no names after Q. What is recorded or copied may be so
 * several times, which the original cannot do.
 */
export class ReferenceRelay {
  readonly #setting: Setting;
  readonly #verbs: Readonly<Record<string, Verb>>;
  #sessions: Session[] = [];
  #nowMs = 0;
  #created = 0;
  #namesGiven = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
    const plain = { takesSubs: false, modifiers: '' };
    const own = { takesSubs: false, modifiers: 'own', otherModifier: '' };
    const update = { min: 5, modifiers: 'letters', otherModifier: 'E35', takesSubs: true };
    this.#verbs = {
      U: { ...update, max: 8, answer: (args, modifiers, subs) => this.#update(0, args, modifiers, subs) },
      L: { ...update, max: 6, answer: (args, modifiers, subs) => this.#update(1, args, modifiers, subs) },
      D: { ...plain, min: 3, max: 4, modifiers: 'w', otherModifier: 'E8', answer: (args, flags) => this.#delete(args, flags) },
      Q: { min: 3, max: 15, modifiers: 'any', otherModifier: 'E19', takesSubs: true, answer: (...all) => this.#query(...all) },
      I: { ...plain, min: 1, max: 1, modifiers: 'b', otherModifier: 'E18', answer: () => this.#info() },
      X: { ...plain, min: 1, max: 1, otherModifier: 'E2', answer: () => this.#deleteAll() },
      P: { ...own, min: 5, max: 6, answer: (args, modifiers) => this.#play(args, modifiers) },
      S: { ...plain, min: 3, max: 4, otherModifier: 'E2', answer: (args) => (this.#findIn(args) === null ? 'E50' : '0') },
      R: { ...own, min: 3, max: 4, answer: (args, modifiers) => this.#record(args, modifiers) },
      C: { ...own, min: 4, max: 5, answer: (args, modifiers) => this.#copy(args, modifiers) },
      N: { ...own, min: 3, max: 4, answer: (args, modifiers) => this.#stopRecord(args, modifiers) },
    };
  }

  /** The reply, with a name where the port stands, and `ttl~N` where the remaining seconds do. */
  answer(command: string): string {
    const { head, args, subs } = splitCommand(command);
    if (subs.some(([word]) => word === '')) return 'E5';
    const verb = this.#verbs[head.charAt(0).toUpperCase()];
    if (verb === undefined) return 'E0';
    if (args.length + 1 < verb.min || args.length + 1 > verb.max) return 'E1';
    const modifiers = head.slice(1).toLowerCase();
    if (verb.takesSubs) return verb.answer(args, modifiers, subs);
    const isKnown = verb.modifiers === 'own' || [...modifiers].every((letter) => verb.modifiers.includes(letter));
    if (!isKnown && verb.otherModifier === 'E2') return 'E2';
    if (subs.length > 0) return 'E3';
    return isKnown ? verb.answer(args, modifiers, []) : verb.otherModifier;
  }

  /** A session that nobody has asked for or sent to for its time to live is gone, and its ports with it. */
  advance(ms: number): void {
    this.#nowMs += ms;
    this.#sessions = this.#sessions.filter((session) => this.#nowMs - session.heardAtMs < this.#ttlMs(session));
  }

  get held(): ReadonlySet<PortName> {
    const portsOf = ({ port, sound }: Stream): PortName[] => [...(port === null ? [] : [port]), ...sound.copies.values()];
    return new Set(this.#sessions.flatMap(({ streams }) => streams.flatMap(portsOf)));
  }

  #ttlMs({ streams, ttlMs }: Session): number {
    const isComplete = streams[0].port !== null && streams[1].port !== null;
    return ttlMs ?? (isComplete ? this.#setting.ttlMs : this.#setting.setupTtlMs);
  }

  /** The first session whose tag is the From tag (stream 0), or whose tag is the To tag (1): then a media number must be in both. */
  #find(call: string, from: string, to: string | undefined): { session: Session; index: Index } | null {
    for (const session of this.#sessions.filter((one) => one.call === call)) {
      if (compareTags(session.tag, from) === 1) return { session, index: 0 };
      const reverse = to === undefined ? 0 : compareTags(session.tag, to);
      if (reverse === 1) return { session, index: 1 };
      if (reverse === 2 && from.includes(';') && suffixOf(from) === suffixOf(session.tag)) return { session, index: 1 };
    }
    return null;
  }

  /** `verb`: 0 for U; 1 for L, which means the stream that U does not. */
  #update(verb: Index, args: readonly string[], modifiers: string, subs: readonly (readonly string[])[]): string {
    const [call = '', host = '', port = '', from = '', to] = args;
    const problem = letterProblem(modifiers, host, port);
    if (problem !== null) return problem;
    const read = readSubs(subs, verb === 0 && to !== undefined);
    if (read === null) return 'E3';
    const found = this.#find(call, from, to);
    if (found === null && verb === 1) return '0';
    const letters = readLetters(modifiers);
    const session = found?.session ?? this.#newSession(call, from, letters);
    const index = verb === 0 ? (found?.index ?? 0) : other(found?.index ?? 0);
    const reply = this.#describe(session, index, letters, verb === 0);
    if (reply === null) return found === null ? 'E72' : 'E71';
    if (found === null) {
      this.#sessions.push(session);
      this.#created++;
    }
    return reply + this.#run(read, session, index);
  }

  #newSession(call: string, tag: string, { host }: Letters): Session {
    const stream = (): Stream => ({ port: null, host: host ?? this.#setting.host, weak: false, sound: newSound() });
    return { call, tag, streams: [stream(), stream()], strong: false, heardAtMs: 0, ttlMs: null };
  }

  /** Opens the stream where that is due, and takes the references. Null: no port is left, and nothing is done. */
  #describe(session: Session, index: Index, letters: Letters, isUpdate: boolean): string | null {
    const stream = session.streams[index];
    if (stream.port === null || letters.newPort) {
      if (this.held.size === this.#setting.pairs) return null;
      stream.port = `port#${++this.#namesGiven}`;
      stream.host = letters.host ?? stream.host;
    }
    if (letters.weak) stream.weak = true;
    else if (isUpdate) session.strong = true;
    stream.sound.codecs = letters.codecs;
    session.heardAtMs = this.#nowMs;
    return `${stream.port} ${stream.host}`;
  }

  /** What is shown behind the answer: silent successes only where something follows them. The first failure is the last thing done. */
  #run(subs: readonly Sub[], session: Session, index: Index): string {
    let shown = '';
    let silent = '';
    let current = index;
    for (const sub of subs) {
      if (sub.kind === 'lookup') {
        current = other(current);
        const reply = this.#describe(session, current, sub.letters, false);
        if (reply === null) return `${shown}${silent} && -1`;
        shown += `${silent} && ${reply}`;
        silent = '';
        continue;
      }
      if (sub.kind === 'ttl') {
        session.ttlMs = sub.seconds * 1000;
        session.heardAtMs = this.#nowMs;
      } else this.#release(session, sub.weak ? 1 : 'strong');
      silent += ' && 0';
    }
    return shown;
  }

  #release(session: Session, flag: 'strong' | Index): void {
    if (flag === 'strong') session.strong = false;
    else session.streams[flag].weak = false;
    const isHeld = session.strong || session.streams.some(({ weak }) => weak);
    if (!isHeld) this.#sessions = this.#sessions.filter((one) => one !== session);
  }

  /** Each session that is meant, and the stream whose tag comes first. An exact match ends the search. */
  #findEach([call, from, to]: readonly string[]): { session: Session; index: Index }[] {
    const found: { session: Session; index: Index }[] = [];
    for (const session of this.#sessions.filter((one) => one.call === call)) {
      const forward = compareTags(session.tag, from!);
      const match = forward === 0 ? compareTags(session.tag, to ?? '') : forward;
      if (match === 0) continue;
      found.push({ session, index: forward === 0 ? 1 : 0 });
      if (match === 1) break;
    }
    return found;
  }

  /** Clears a flag of each session that is meant; whoever has none left goes. */
  #delete(args: readonly string[], modifiers: string): string {
    const found = this.#findEach(args);
    for (const { session, index } of found) this.#release(session, modifiers === '' ? 'strong' : other(index));
    return found.length > 0 ? '0' : 'E50';
  }

  #findIn([call = '', from = '', to]: readonly string[]) {
    return this.#find(call, from, to);
  }

  #play([call = '', prompt = '', list = '', ...tags]: readonly string[], modifiers: string): string {
    const problem = playProblem(modifiers);
    if (problem !== null) return problem;
    const found = this.#findIn([call, ...tags]);
    return found === null ? 'E50' : play(endsOf(found), modifiers, prompt, list, this.#setting);
  }

  #record(args: readonly string[], modifiers: string): string {
    const problem = recordProblem('R', modifiers);
    if (problem !== null) return problem;
    const { recording } = this.#setting;
    if (recording === null) return 'E50';
    const isSingle = modifiers.includes('s') && recording === 'pcap';
    const begun = this.#findEach(args).map((found) => record(soundsOf(found), '', isSingle));
    return begun.includes(true) ? '0' : 'E50';
  }

  #copy([call = '', target = '', ...tags]: readonly string[], modifiers: string): string {
    const problem = recordProblem('C', modifiers);
    if (problem !== null) return problem;
    const found = this.#findIn([call, ...tags]);
    if (found === null) return 'E50';
    const { named, other: facing } = endsOf(found);
    const tellsPort = modifiers.includes('p');
    if (targetOf(target) === 'host') return this.#copyTo(named, target, tellsPort);
    const { recording } = this.#setting;
    if (targetOf(target) === 'no host' || tellsPort || recording === null) return 'E65';
    const isSingle = modifiers.includes('s') && recording === 'pcap';
    return record(isSingle ? [named, facing] : [named], target, isSingle) ? '0' : 'E65';
  }

  #copyTo({ copies }: Sound, target: string, tellsPort: boolean): string {
    if (!copies.has(target) && this.held.size === this.#setting.pairs) return 'E65';
    const port = copies.get(target) ?? (`port#${++this.#namesGiven}` as const);
    copies.set(target, port);
    return tellsPort ? `${port} ${this.#setting.host}` : '0';
  }

  #stopRecord(args: readonly string[], modifiers: string): string {
    const problem = recordProblem('N', modifiers);
    if (problem !== null) return problem;
    const done = this.#findEach(args).map((found) => stop(modifiers === '' ? [endsOf(found).named] : soundsOf(found)));
    return done.includes(true) ? '0' : 'E50';
  }

  /** Sub-commands are read first, then the session is looked for, and only then at the modifiers. */
  #query([call, from, to]: readonly string[], modifiers: string, subs: readonly (readonly string[])[]): string {
    const read = readSubs(subs, false);
    if (read === null) return 'E3';
    const found = this.#find(call!, from!, to);
    if (found === null) return 'E50';
    if (modifiers !== '') return 'E19';
    const leftMs = this.#ttlMs(found.session) - (this.#nowMs - found.session.heardAtMs);
    return `ttl~${Math.ceil(leftMs / 1000)} 0 0 0 0${this.#run(read, found.session, 0)}`;
  }

  #info(): string {
    const active = this.#sessions.length;
    const media = 'packets received: 0\npackets transmitted: 0';
    return `sessions created: ${this.#created}\nactive sessions: ${active}\nactive streams: ${active * 2}\n${media}`;
  }

  #deleteAll(): string {
    this.#sessions = [];
    return '0';
  }
}
