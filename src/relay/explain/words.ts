import { SIDES, type Side } from '../../../model/session/side.js';

/** Static payload types (RFC 3551 tables 4 and 5). */
const CODECS: Readonly<Record<number, string>> = {
  ...{ 0: 'PCMU', 3: 'GSM', 4: 'G723', 5: 'DVI4/8000', 6: 'DVI4/16000', 7: 'LPC', 8: 'PCMA', 9: 'G722', 10: 'L16/2', 11: 'L16' },
  ...{ 12: 'QCELP', 13: 'CN', 14: 'MPA', 15: 'G728', 16: 'DVI4/11025', 17: 'DVI4/22050', 18: 'G729', 25: 'CelB', 26: 'JPEG' },
  ...{ 28: 'nv', 31: 'H261', 32: 'MPV', 33: 'MP2T', 34: 'H263' },
};

/** From here on the session description says what a payload type is (RFC 3551 §6). */
export const FIRST_DYNAMIC = 96;

/** Null: only the session description knows what it is. */
export const codecName = (payloadType: number): string | null => CODECS[payloadType] ?? null;

/** `PCMU`, or `payload type 101`. */
export const codecText = (payloadType: number): string => codecName(payloadType) ?? `payload type ${payloadType}`;

export const codecsText = (codecs: readonly number[]): string => codecs.map(codecText).join(', ');

/** A span of time as people say it. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How often a prompt is heard. */
export const timesText = (count: number): string => (count < 0 ? 'for ever' : count === 1 ? 'once' : `${count} times`);

/** `1 packet`, `12 packets`. */
export const countText = (count: number, thing = 'packet'): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** With one decimal place. */
export const percentText = (percent: number): string => `${Math.round(percent * 10) / 10} %`;

/** `the caller`, `both sides`. */
export const whoText = (sides: readonly Side[]): string =>
  sides.length === SIDES.length ? 'both sides' : `the ${sides.join(' and the ')}`;

/** How a time is shown. */
export type Clock = (at: number) => string;

/** Times of the same day are shown without it. */
export function shortClock(dayOf: number, formatTime: Clock): Clock {
  const day = formatTime(dayOf).slice(0, 'YYYY-MM-DD'.length);
  return (at) => {
    const text = formatTime(at);
    return text.startsWith(day) ? text.slice(day.length + 1).replace(/Z$/, '') : text;
  };
}
