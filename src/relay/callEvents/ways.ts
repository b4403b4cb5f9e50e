import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { Owner } from '../../../model/session/dialogue.js';
import { formatTarget, type NotifyTarget } from '../../../model/session/notify.js';
import { formatDtmfLine } from '../../protocol/rtpproxy/dtmfArguments.js';
import type { NgOrigin } from '../ng/ngOrigin.js';
import { matchTarget, type Permitted, parsePermitted } from '../notify/targets.js';
import type { EventSettings } from '../settings/settings.js';
import type { CallEvent } from './callEvent.js';

/** A way of events to a controller, read. */
export type Way =
  /** The NG connection that the controller asked by. */
  | { readonly kind: 'connection' }
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'classic'; readonly target: NotifyTarget };

/** Named by one request. */
const MOST_WAYS = 8;
const LONGEST_WAY = 2048;
const LONGEST_NAME = 128;

const EXPECTED = 'expected connection, http://…, https://…, xmlrpc:http://…, unix:PATH or tcp:HOST:PORT';

/** Reads a way; null: it is none. */
export function parseWay(text: string): Way | null {
  if (text === 'connection') return { kind: 'connection' };
  if (/^https?:\/\//.test(text)) return isPlainUrl(text) ? { kind: 'webhook', url: text } : null;
  const permitted = /^(unix|tcp|xmlrpc):/.test(text) ? parsePermitted([text]) : null;
  const target = permitted?.ok ? permitted.value[0]?.target : undefined;
  return target === undefined || target.kind === 'self' ? null : { kind: 'classic', target };
}

/**
 * Whether a URL means what it begins with: a host, no dots for folders, however they are written, and nothing that software reads in
 * different ways (RFC 3986 §3; a backslash is a slash to browsers and Node).
 */
function isPlainUrl(url: string): boolean {
  const [, authority, rest] = /^(?:xmlrpc:)?https?:\/\/([^/?#]+)(.*)$/s.exec(url) ?? [];
  if (authority === undefined || rest === undefined) return false;
  if (/[^\x21-\x7e]|[\\#"<>^`{|}]/.test(url)) return false;
  const [path = ''] = rest.split('?', 1);
  return !path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) && !/%(?:2f|5c|00)/i.test(path);
}

/** Whether `url` is `allowed`, or stands below it: `https://a/hooks` allows `https://a/hooks/x` and `https://a/hooks?x`, not `https://a/hooks2`. */
function isBelow(url: string, allowed: string): boolean {
  if (url === allowed) return true;
  if (!/^(?:xmlrpc:)?https?:\/\//.test(allowed) || allowed.includes('?') || !isPlainUrl(url)) return false;
  // Without a path the prefix must be the whole authority, or the URL would name another host or port.
  return url.startsWith(allowed) && (/^[/?]/.test(url.slice(allowed.length)) || /[^/]\/$/.test(allowed));
}

/**
 * Which of the ways that a client names it may have its events by: the connection that it asks by, always; the `ways` of the settings and URLs
 * below them; and what `-n` permits (`permitted`). Anything else would let whoever may give commands send requests from here to wherever they
 * like. Answers the ways as they are to stand in `Owner.ways`, each once; or one line that says what was wrong, for the client.
 */
export function checkWays(
  ways: readonly string[],
  settings: Pick<EventSettings, 'ways'>,
  permitted: readonly Permitted[],
  origin: Pick<NgOrigin, 'host' | 'local' | 'connection'>,
): Result<readonly string[], string> {
  if (ways.length > MOST_WAYS) return refuse(`notify: expected at most ${MOST_WAYS} ways, not ${ways.length}`);
  const checked = new Set<string>();
  for (const given of ways) {
    const shown = JSON.stringify(given.slice(0, LONGEST_NAME));
    if (given.length > LONGEST_WAY) return refuse(`notify ${shown}…: expected at most ${LONGEST_WAY} bytes`);
    if (given === 'connection') {
      if (origin.connection === null) return refuse('notify connection: expected a request over TCP or WebSocket');
      checked.add(given);
      continue;
    }
    const target = matchTarget(permitted, given, origin);
    if (target === null && parseWay(given) === null) return refuse(`notify ${shown}: ${EXPECTED}`);
    if (target === null && !settings.ways.some((allowed) => isBelow(given, allowed)))
      return refuse(`notify ${shown}: not permitted; events.ways of the settings names what is, or option -n`);
    checked.add(target === null ? given : wayTo(target));
  }
  return ok([...checked]);
}

function wayTo(target: NotifyTarget): string {
  if (target.kind !== 'tcp') return formatTarget(target);
  return formatTarget({ ...target, host: target.host.includes(':') ? `[${target.host}]` : target.host, bind: null });
}

/** What a request says of where the events of its call go. */
export type OwnerWishes = {
  readonly controller: string | null;
  readonly notify: readonly string[];
  readonly notifyTag: string | null;
};

/**
 * Whom the events of a call go to that a client opens: the controller that it names, or else the client itself, by its token or certificate or,
 * without one, by its address. Where it names no way, the ways of the settings at the time of each event are taken.
 */
export function ownerFor(
  { controller, notify, notifyTag }: OwnerWishes,
  origin: NgOrigin,
  settings: Pick<EventSettings, 'ways'>,
  permitted: readonly Permitted[],
): Result<Owner, string> {
  const named = readController(controllerOf(controller, origin));
  if (!named.ok) return named;
  const ways = checkWays(notify, settings, permitted, origin);
  if (!ways.ok) return ways;
  // Events of others would come by it as well.
  const problem = ways.value.includes('connection') ? hearingProblem(named.value, origin.identity) : null;
  if (problem !== null) return refuse(`notify connection: ${problem}`);
  return ok({ controller: named.value, ways: ways.value, ...(notifyTag !== null && { tag: notifyTag }) });
}

/** What a client is called, as the owner of calls. */
export const controllerOf = (controller: string | null, { identity, client }: Pick<NgOrigin, 'identity' | 'client'>): string =>
  controller ?? identity ?? client;

/**
 * Why a client may not be sent the events of a controller, or null: the same whichever way it asks. A client that has shown who it is (by a token
 * or certificate) gets those of the controller of that name only, so that none reads those of another. Where nobody has to show that, there is
 * nothing to tell clients apart by.
 */
export const hearingProblem = (controller: string, identity: string | null): string | null =>
  identity === null || identity === controller ? null : `events of ${controller}: ${identity} may have its own only`;

/** A name under which events are collected: 1…128 bytes without control characters. */
export function readController(name: string): Result<string, string> {
  const isName = name !== '' && name.length <= LONGEST_NAME && [...name].every((each) => each >= ' ' && each !== '\x7f');
  const shown = JSON.stringify(name.slice(0, LONGEST_NAME));
  return isName ? ok(name) : refuse(`controller ${shown}: expected 1 to ${LONGEST_NAME} bytes without control characters`);
}

/** Whether an event can be told by a way: classic sockets are told of timeouts and digits only, XML-RPC of timeouts. */
export function isToldBy(way: Way, { event }: CallEvent): boolean {
  if (way.kind !== 'classic') return true;
  return event === 'media-timeout' || (event === 'dtmf' && way.target.kind !== 'xmlrpc');
}

/** The line that rtpproxy would write for an event, without its line end, one character a byte. `tag`: `Owner.tag`. */
export function classicLine({ event, callId, details }: CallEvent, tag: string | undefined): string {
  // A line end in it would forge a line of its own.
  const first = (tag ?? callId).replace(/[\r\n\0]/g, '_');
  if (event !== 'dtmf') return first;
  const { digit, volume, side } = details;
  // The line has the duration in units of the RTP timestamp, at 8000 Hz.
  const duration = Number(details['duration-ms'] ?? 0) * 8;
  return formatDtmfLine(first, { digit: String(digit), volume: Number(volume ?? 0), duration }, side === 'to' ? 1 : 0);
}

/** A way as logs may show it: without passwords, tokens and queries. */
export const shownWay = (way: string): string => way.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/s, '?…');
