import { ok, type Result, refuse } from '../../../model/kernel/index.js';

const SPANS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPAN = /^-(\d+(?:\.\d+)?)([smhd])$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](.+?)(Z|[+-]\d\d:?\d\d)?)?$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?$/;

const EXPECTED =
  'expected a time like 2026-11-21T09:00:00Z (without Z: local time), 09:00 or 09:00:30 (today), or -90s, -15m, -2h, -1d (before now)';

/** A time as operators write it, milliseconds since the Unix epoch. Without a zone it is local. Refuses in words, what was expected last. */
export function parseTime(text: string, nowMs: number): Result<number, string> {
  const span = SPAN.exec(text);
  if (span !== null) return ok(nowMs - Number(span[1]) * (SPANS_MS[span[2] ?? ''] ?? 0));
  const now = new Date(nowMs);
  const day = DAY.exec(text);
  const [year = 0, month = 0, date = 0] =
    day === null ? [now.getFullYear(), now.getMonth() + 1, now.getDate()] : day.slice(1, 4).map(Number);
  const clock = TIME.exec((day === null ? text : day[4]) ?? (day === null ? '' : '00:00'));
  if (clock === null) return refuse(`${text}: ${EXPECTED}`);
  const [hour = 0, minute = 0, second = 0] = clock.slice(1).map((part) => Number(part ?? 0));
  const isDay = month >= 1 && month <= 12 && date >= 1 && date <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  if (!isDay || hour > 23 || minute > 59 || second >= 60) return refuse(`${text}: there is no such time; ${EXPECTED}`);
  const zone = day?.[5];
  if (zone === undefined) return ok(new Date(year, month - 1, date, hour, minute).getTime() + second * 1000);
  return ok(Date.UTC(year, month - 1, date, hour, minute) + second * 1000 - offsetMs(zone));
}

/** Of `Z`, `+01:00`, `-0530`. */
function offsetMs(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
}
