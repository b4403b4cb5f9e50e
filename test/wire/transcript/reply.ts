/**
 * What a written reply may hold besides the text itself:
 *
 *     PORT         an even port of the media range
 *     PORT:name    the same port wherever this name stands in the section; two names are two ports
 *     PORT:new!old another port than `old`, which is free from then on and may be given out again
 *     TTL          the time to live of 60 s, of which a second may be over; TTL:5 for 5 s
 *     INT FLOAT    a whole number; a number with six decimals
 *     *            at the end: anything
 */
const PLACEHOLDER = /(PORT(?::\w+(?:!\w+)?)?|TTL(?::\d+)?|INT|FLOAT|\*$)/;
const DEFAULT_TTL_SECONDS = 60;

const PATTERNS: Readonly<Record<string, string>> = {
  PORT: '(\\d+)',
  TTL: '(\\d+)',
  INT: '\\d+',
  FLOAT: '\\d+\\.\\d{6}',
  '*': '.*',
};

/** Compares the replies of one section with what was expected of them. */
export class ReplyCheck {
  readonly #range: { readonly min: number; readonly max: number };
  readonly #ports = new Map<string, number>();
  /** Names of IPv6 ports: the families do not share numbers. */
  readonly #ofIPv6 = new Set<string>();

  /** @param range the media ports of the relay, both ends included */
  constructor(range: { readonly min: number; readonly max: number }) {
    this.#range = range;
  }

  /** Says what is wrong with a line of a reply; null: it is as expected. */
  problem(expected: string, actual: string): string | null {
    const parts = expected.split(PLACEHOLDER);
    const pattern = parts.map((part, n) => (n % 2 === 0 ? literal(part) : PATTERNS[part.split(':')[0]!]!)).join('');
    const found = new RegExp(`^${pattern}$`, 's').exec(actual);
    if (found === null) return 'it has another form';
    const captured = parts.filter((part, n) => n % 2 === 1 && /^(PORT|TTL)/.test(part));
    for (const [n, part] of captured.entries()) {
      const value = Number(found[n + 1]);
      const problem = part.startsWith('PORT')
        ? this.#portProblem(part.split(':')[1], value, / 6\b/.test(actual))
        : ttlProblem(part, value);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** What is known of the names so far, for messages. */
  get names(): string {
    return [...this.#ports].map(([name, port]) => `${name}=${port}`).join(' ');
  }

  #portProblem(given: string | undefined, port: number, isIPv6: boolean): string | null {
    const [name, left] = given?.split('!') ?? [];
    const { min, max } = this.#range;
    if (port % 2 !== 0 || port < min || port > max) return `${port} is not an even port from ${min} to ${max}`;
    if (name === undefined) return null;
    const known = this.#ports.get(name);
    if (known !== undefined) return known === port ? null : `port ${name} was ${known} before, not ${port}`;
    for (const [other, taken] of this.#ports)
      if (taken === port && this.#ofIPv6.has(other) === isIPv6) return `port ${name} is ${port}, which is already ${other}`;
    this.#ports.set(name, port);
    if (isIPv6) this.#ofIPv6.add(name);
    if (left !== undefined) this.#ports.delete(left);
    return null;
  }
}

function ttlProblem(part: string, value: number): string | null {
  const full = Number(part.split(':')[1] ?? DEFAULT_TTL_SECONDS);
  return value === full || value === full - 1 ? null : `a time to live of ${value} s, not of ${full} s or a second less`;
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
