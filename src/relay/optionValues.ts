/** The values of options: each parser answers what a text means, or what was expected instead of it. */
import { ok, type Result, refuse } from '../../model/kernel/index.js';

export const LOG_LEVELS = ['DBUG', 'INFO', 'WARN', 'ERR', 'CRIT'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The facilities of the system log with their numbers (RFC 3164, section 4.1.1), by the names of syslog.h. */
export const LOG_FACILITIES = {
  ...{ LOG_KERN: 0, LOG_USER: 1, LOG_MAIL: 2, LOG_DAEMON: 3, LOG_AUTH: 4, LOG_SYSLOG: 5, LOG_LPR: 6, LOG_NEWS: 7 },
  ...{ LOG_UUCP: 8, LOG_CRON: 9, LOG_AUTHPRIV: 10, LOG_FTP: 11, LOG_LOCAL0: 16, LOG_LOCAL1: 17, LOG_LOCAL2: 18 },
  ...{ LOG_LOCAL3: 19, LOG_LOCAL4: 20, LOG_LOCAL5: 21, LOG_LOCAL6: 22, LOG_LOCAL7: 23 },
} as const;
export type LogFacility = keyof typeof LOG_FACILITIES;

export type ValueParser<T> = (text: string) => Result<T, string>;

/** Loads, 0…1: at `high` new sessions are refused, below `low` they are taken again. */
export type OverloadLimits = { readonly high: number; readonly low: number };

export const parseText: ValueParser<string> = (text) => (text === '' ? refuse('a text that is not empty') : ok(text));

export const wholeNumber =
  (min: number, max: number): ValueParser<number> =>
  (text) => {
    const isFine = /^-?\d+$/.test(text) && Number(text) >= min && Number(text) <= max;
    return isFine ? ok(Number(text)) : refuse(`a whole number from ${min} to ${max}`);
  };

/** A unix socket, with or without `unix:` in front; null: `none`. */
export const parseAdmin: ValueParser<string | null> = (text) => {
  if (text === 'none') return ok(null);
  const path = text.replace(/^unix:/, '');
  return path === '' || /^[a-z0-9]+:/.test(path) ? refuse('unix:PATH, or none') : ok(`unix:${path}`);
};

/** One of these words, in any case. */
export const oneOf =
  <T extends string>(words: readonly T[]): ValueParser<T> =>
  (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    return found === undefined ? refuse(`one of ${words.join(', ')}`) : ok(found);
  };

const MAX_TOS = 255;

/** The TOS byte, or -1: packets keep what the system gives them. */
export const parseTos: ValueParser<number> = (text) => {
  if (text === '-1') return ok(-1);
  const isFine = /^(\d+|0x[0-9a-f]+)$/i.test(text) && Number(text) <= MAX_TOS;
  return isFine ? ok(Number(text)) : refuse(`a whole number from 0 to ${MAX_TOS}, decimal or 0x…, or -1`);
};

const MAX_MODE = 0o7777;

/** A file mode: octal where it is written with a leading zero, as everybody does, otherwise decimal, as rtpproxy reads it. */
export const parseMode: ValueParser<number> = (text) => {
  const mode = /^0[0-7]*$/.test(text) ? Number.parseInt(text, 8) : /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
  return mode <= MAX_MODE ? ok(mode) : refuse(`a mode up to 07777: octal with a leading zero, else decimal (up to ${MAX_MODE})`);
};

/** `LEVEL` or `LEVEL:FACILITY`, the facility with or without `LOG_` in front, all in any case. */
export const parseLogLevel: ValueParser<{ readonly level: LogLevel; readonly facility: LogFacility | null }> = (text) => {
  const [, levelText = '', facilityText] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const level = oneOf(LOG_LEVELS)(levelText);
  if (!level.ok) return refuse(`${level.error}, and behind a colon a facility if any`);
  if (facilityText === undefined) return ok({ level: level.value, facility: null });
  const facilities = Object.keys(LOG_FACILITIES) as LogFacility[];
  const facility = oneOf(facilities)(facilityText.replace(/^(LOG_)?/i, 'LOG_'));
  return facility.ok ? ok({ level: level.value, facility: facility.value }) : refuse(`a facility, ${facility.error}`);
};

const LOW_BELOW_HIGH = 0.05;
const LOW_SHARE = 0.9;
const DEFAULT_HIGH = 0.9;
const LOAD = String.raw`(\d*\.?\d+)(%?)`;
const OVERLOAD = new RegExp(`^${LOAD}(?:-${LOAD})?$`);

export const DEFAULT_OVERLOAD: OverloadLimits = { high: DEFAULT_HIGH, low: lowFor(DEFAULT_HIGH) };

/** `HIGH` or `HIGH-LOW`, each a number from 0 to 1 or a percentage. */
export const parseOverload: ValueParser<OverloadLimits> = (text) => {
  const parts = OVERLOAD.exec(text);
  const load = (at: number): number | null => {
    const number = parts?.[at];
    return number === undefined ? null : Number(number) / (parts?.[at + 1] === '%' ? 100 : 1);
  };
  const high = load(1) ?? Number.NaN;
  const low = load(3) ?? lowFor(high);
  if (high > 0 && high <= 1 && low < high) return ok({ high, low });
  return refuse('a load above 0 and up to 1, or up to 100%, or HIGH-LOW of two such loads');
};

/** Far enough below a small limit, too, for the load to get there. */
function lowFor(high: number): number {
  // Loads are shown with two digits; the difference of two fractions should not show more.
  return Math.round(Math.max(high - LOW_BELOW_HIGH, high * LOW_SHARE) * 1e6) / 1e6;
}

export type Account = { readonly user: string | null; readonly group: string | null };

/** `USER`, `USER:GROUP` or `:GROUP`. Whether they exist is known only on the machine. */
export const parseAccount: ValueParser<Account> = (text) => {
  const [, user = '', group] = /^([^:]*)(?::([^:]*))?$/s.exec(text) ?? [];
  if ((user === '' && (group ?? '') === '') || group === '') return refuse('USER, USER:GROUP or :GROUP');
  return ok({ user: user === '' ? null : user, group: group ?? null });
};
