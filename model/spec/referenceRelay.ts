/** What the oracle is told of the relay it predicts. */
export type Setting = {
  /** Pairs of the port range. */
  readonly pairs: number;
  /** Time to live of a session once both sockets exist, and before. */
  readonly ttlMs: number;
  readonly setupTtlMs: number;
  /** The address that stands in port replies. */
  readonly host: string;
};

/** Which port is free is the relay's choice, so the oracle gives ports names (`port#1`, `port#2`, …) instead of numbers. */
export type PortName = `port#${number}`;

/** One direction of a session, by rtpproxy's index: 0 is made by the first U, 1 by the first L. */
type Stream = { port: PortName | null; weak: boolean };
type Session = { call: string; tag: string; streams: [Stream, Stream]; strong: boolean; heardAtMs: number };
type Verb = { min: number; max: number; modifiers: string; otherModifier: string; answer: Answer };
type Answer = (args: readonly string[], modifiers: string) => string;

/** 1: equal. 2: the stored tag is the given one and a media number. 0: another. */
function compareTags(stored: string, given: string): 0 | 1 | 2 {
  if (stored === given) return 1;
  return stored.startsWith(`${given};`) ? 2 : 0;
}

const suffixOf = (tag: string): string => tag.slice(tag.lastIndexOf(';'));

/**
 * A reference relay: what rtpproxy answers to U L D Q I X, and how many ports it then holds. Written from the description of its protocol,
 * with its own notions (streams 0 and 1, flags), and knowing nothing of how the relay decides. No media, so all counters are zero; no
 * `Qv` and no names after Q.
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
    const update: Omit<Verb, 'max' | 'answer'> = { min: 5, modifiers: 'asw', otherModifier: 'E35' };
    this.#verbs = {
      U: { ...update, max: 8, answer: (args, modifiers) => this.#update(0, args, modifiers) },
      L: { ...update, max: 6, answer: (args, modifiers) => this.#update(1, args, modifiers) },
      D: { min: 3, max: 4, modifiers: 'w', otherModifier: 'E8', answer: (args, modifiers) => this.#delete(args, modifiers) },
      Q: { min: 3, max: 15, modifiers: '', otherModifier: 'E19', answer: (args) => this.#query(args) },
      I: { min: 1, max: 1, modifiers: 'b', otherModifier: 'E18', answer: () => this.#info() },
      X: { min: 1, max: 1, modifiers: '', otherModifier: 'E2', answer: () => this.#deleteAll() },
    };
  }

  /** The reply, with a name where the port stands, and `ttl~N` where the remaining seconds do. */
  answer(command: string): string {
    const [head = '', ...args] = command.split(' ');
    const verb = this.#verbs[head.charAt(0).toUpperCase()];
    if (verb === undefined) return 'E0';
    if (args.length + 1 < verb.min || args.length + 1 > verb.max) return 'E1';
    const modifiers = head.slice(1).toLowerCase();
    const plain = verb.otherModifier === 'E35' ? modifiers.replace(/c[\d,]+/, '') : modifiers;
    if (plain.includes('c') && verb.otherModifier === 'E35') return 'E14';
    if ([...plain].every((letter) => verb.modifiers.includes(letter))) return verb.answer(args, plain);
    // Q looks for the session first, and only then at its modifiers.
    const unknown = verb.otherModifier === 'E19' && this.#find(args[0]!, args[1]!, args[2]) === null;
    return unknown ? 'E50' : verb.otherModifier;
  }

  /** A session that nobody has asked for or sent to for its time to live is gone, and its ports with it. */
  advance(ms: number): void {
    this.#nowMs += ms;
    this.#sessions = this.#sessions.filter((session) => this.#nowMs - session.heardAtMs < this.#ttlMs(session));
  }

  get held(): ReadonlySet<PortName> {
    return new Set(this.#sessions.flatMap(({ streams }) => streams.flatMap(({ port }) => port ?? [])));
  }

  #ttlMs({ streams }: Session): number {
    return streams[0].port !== null && streams[1].port !== null ? this.#setting.ttlMs : this.#setting.setupTtlMs;
  }

  /** The first session whose tag is the From tag (stream 0), or whose tag is the To tag (1): then a media number must be in both. */
  #find(call: string, from: string, to: string | undefined): { session: Session; index: 0 | 1 } | null {
    for (const session of this.#sessions.filter((one) => one.call === call)) {
      if (compareTags(session.tag, from) === 1) return { session, index: 0 };
      const reverse = to === undefined ? 0 : compareTags(session.tag, to);
      if (reverse === 1) return { session, index: 1 };
      if (reverse === 2 && from.includes(';') && suffixOf(from) === suffixOf(session.tag)) return { session, index: 1 };
    }
    return null;
  }

  /** `inverted`: L means the stream that U does not. */
  #update(inverted: 0 | 1, [call, host, port, from, to]: readonly string[], modifiers: string): string {
    // An address of another length than an IPv4 one can have is no address; what has the length must be one.
    const isAddress = host!.length >= 7 && host!.length <= 15;
    if (isAddress && !(/^\d+\.\d+\.\d+\.\d+$/.test(host!) && /^\d+$/.test(port!))) return 'E37';
    const found = this.#find(call!, from!, to);
    if (found === null && inverted === 1) return '0';
    const session = found?.session ?? { call: call!, tag: from!, streams: newStreams(), strong: false, heardAtMs: 0 };
    const stream = session.streams[((found?.index ?? 0) ^ inverted) as 0 | 1];
    if (stream.port === null && this.held.size === this.#setting.pairs) return found === null ? 'E72' : 'E71';
    stream.port ??= `port#${++this.#namesGiven}`;
    if (modifiers.includes('w')) stream.weak = true;
    else if (inverted === 0) session.strong = true;
    session.heardAtMs = this.#nowMs;
    if (found === null) {
      this.#sessions.push(session);
      this.#created++;
    }
    return `${stream.port} ${this.#setting.host}`;
  }

  /** Clears a flag of each session that is meant; whoever has none left goes. An exact match ends the search. */
  #delete([call, from, to]: readonly string[], modifiers: string): string {
    let isFound = false;
    for (const session of this.#sessions.filter((one) => one.call === call)) {
      const forward = compareTags(session.tag, from!);
      const match = forward === 0 ? compareTags(session.tag, to ?? '') : forward;
      if (match === 0) continue;
      isFound = true;
      if (modifiers === '') session.strong = false;
      else session.streams[forward === 0 ? 0 : 1].weak = false;
      const isHeld = session.strong || session.streams.some(({ weak }) => weak);
      if (!isHeld) this.#sessions = this.#sessions.filter((one) => one !== session);
      if (match === 1) break;
    }
    return isFound ? '0' : 'E50';
  }

  #query([call, from, to]: readonly string[]): string {
    const found = this.#find(call!, from!, to);
    if (found === null) return 'E50';
    const leftMs = this.#ttlMs(found.session) - (this.#nowMs - found.session.heardAtMs);
    return `ttl~${Math.ceil(leftMs / 1000)} 0 0 0 0`;
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

const newStreams = (): [Stream, Stream] => [
  { port: null, weak: false },
  { port: null, weak: false },
];
