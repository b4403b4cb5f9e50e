import { numericHost } from '../../protocol/rtpproxy/numericHost.js';
import { unbracketed } from '../networks/hosts.js';
import type { Fields, SettingsReader, Spot } from './reader.js';
import type { ControlAccess, EventSettings, Limits, Token } from './settings.js';
import type { NamedFile, SettingsWorld } from './world.js';

const MOST_CALLS = 10_000_000;
const LONGEST_SECONDS = 86_400;
const DEFAULT_KEEP_MS = 600_000;
const MOST_TOKENS = 1000;

export const NO_ACCESS_RULES: ControlAccess = { allow: [], tokens: [], tls: null };
export const NO_EVENT_SETTINGS: EventSettings = { secret: null, ways: [], silenceMs: null, keepMs: DEFAULT_KEEP_MS };

/** What a bearer token may consist of (RFC 6750 §2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const A_TOKEN = 'a token of letters, digits and - . _ ~ + /';
/** Where events may go: see `Owner` of the model. */
const WAY = /^(connection|(xmlrpc:)?https?:\/\/[^\s/]+\S*|unix:\S+|tcp:\S+:\d{1,5})$/;

export function readLimits(reader: SettingsReader, spot: Spot): Limits | null {
  const fields = reader.fields(spot, ['calls', 'calls-per-second']);
  const count = (at: Spot): number | null => reader.number(at, { least: 0, most: MOST_CALLS, isWhole: true });
  return fields === null ? null : { calls: fields.read('calls', count), callsPerSecond: fields.read('calls-per-second', count) };
}

export function readAccess(reader: SettingsReader, spot: Spot, world: SettingsWorld): ControlAccess | null {
  const fields = reader.fields(spot, ['allow', 'tokens', 'tokens-file', 'tls']);
  if (fields === null) return null;
  return {
    allow: fields.read('allow', (at) => allowedAt(reader, at)) ?? [],
    tokens: readTokens(reader, fields, world),
    tls: fields.read('tls', (at) => readTls(reader, at, world)),
  };
}

/** Nobody at all would be as good as no listener; and whoever says so must not get what stands for everybody. */
function allowedAt(reader: SettingsReader, spot: Spot): readonly string[] {
  const spots = reader.list(spot);
  if (spots.length === 0) reader.complain(spot, 'expected an address; left out, all that can reach a listener may');
  return spots.flatMap((each) => readAllowed(reader, each) ?? []);
}

/** An address, or a network by its prefix. */
function readAllowed(reader: SettingsReader, spot: Spot): string | null {
  const expected = 'an address, or a network such as 192.0.2.0/24';
  const text = reader.text(spot, expected);
  if (text === null) return null;
  const [host = '', bits, ...more] = text.split('/');
  const [v4, v6] = [numericHost(host, 'IPv4'), numericHost(unbracketed(host), 'IPv6')];
  const longest = v4 === null ? 128 : 32;
  const isPrefix = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
  if ((v4 === null && v6 === null) || !isPrefix || more.length > 0) return reader.refuse(spot, `expected ${expected}`);
  return `${v4 ?? v6}${bits === undefined ? '' : `/${Number(bits)}`}`;
}

function readTokens(reader: SettingsReader, fields: Fields, world: SettingsWorld): readonly Token[] {
  const tokens: Token[] = [];
  const take = (spot: Spot, name: string, token: string): void => {
    if (tokens.some((other) => other.name === name)) reader.complain(spot, `expected one token for ${name}`);
    else if (tokens.some((other) => other.token === token))
      reader.complain(spot, `expected another token for ${name}: somebody has it`);
    else tokens.push({ name, token });
  };
  const inline = fields.at('tokens');
  if (inline !== null && !world.isPrivate) complainOfOthers(reader, inline, 'tokens-file');
  const entries = inline === null ? null : reader.entries(inline, 'a map of names to tokens');
  for (const [name, node] of entries ?? []) {
    const spot = { path: [...inline!.path, name], node };
    const token = readSecretText(reader, spot);
    if (token !== null && !TOKEN.test(token)) reader.complain(spot, `expected ${A_TOKEN}`);
    else if (token !== null) take(spot, name, token);
  }
  const at = fields.at('tokens-file');
  const file = at === null ? null : readPrivateFile(reader, at, world);
  if (at !== null && file !== null) takeLines(reader, at, file, take);
  return tokens;
}

/** `NAME TOKEN` in a line; empty lines and those with a # do not count. */
function takeLines(
  reader: SettingsReader,
  spot: Spot,
  file: NamedFile,
  take: (spot: Spot, name: string, token: string) => void,
): void {
  for (const [i, line] of file.text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    const [name = '', token = ''] = words;
    if (name === '' || name.startsWith('#')) continue;
    if (i >= MOST_TOKENS) {
      reader.complain(spot, `expected ${file.path} to have ${MOST_TOKENS} lines at most`);
      return;
    }
    // What stands there is not shown: it may be a token.
    if (words.length !== 2 || !TOKEN.test(token)) reader.complain(spot, `${file.path}:${i + 1}: expected NAME and ${A_TOKEN}`);
    else take(spot, name, token);
  }
}

/** A text that is not shown when it is not right. */
function readSecretText(reader: SettingsReader, spot: Spot): string | null {
  const { value } = spot.node;
  if (typeof value === 'string' && value !== '') return value;
  reader.complain(spot, 'expected a text, in quotes if it looks like a number');
  return null;
}

function complainOfOthers(reader: SettingsReader, spot: Spot, instead: string): void {
  reader.complain(
    spot,
    `everybody can read it here: expected ${instead}, or a settings file that others cannot read (chmod o-r)`,
  );
}

function readNamedFile(reader: SettingsReader, spot: Spot, world: SettingsWorld): NamedFile | null {
  const name = reader.text(spot, 'the name of a file');
  const file = name === null ? null : world.readFile(name);
  if (file === null || file.ok) return file?.value ?? null;
  return reader.refuse(spot, file.error);
}

function readPrivateFile(reader: SettingsReader, spot: Spot, world: SettingsWorld): NamedFile | null {
  const file = readNamedFile(reader, spot, world);
  if (file === null || file.isPrivate) return file;
  return reader.refuse(spot, 'everybody can read it: expected a file that others cannot read (chmod o-r)');
}

/** Certificates and keys are read again by whoever needs them; here it is only seen that they can be. */
function readTls(reader: SettingsReader, spot: Spot, world: SettingsWorld): ControlAccess['tls'] {
  const fields = reader.fields(spot, ['certificate', 'key', 'client-ca']);
  if (fields === null) return null;
  const pem = (at: Spot): string | null => {
    const file = readNamedFile(reader, at, world);
    if (file === null || file.text.includes('-----BEGIN ')) return file?.path ?? null;
    return reader.refuse(at, 'expected a file in PEM format');
  };
  const [certificate, key] = [fields.need('certificate', pem), fields.need('key', pem)];
  const clientCa = fields.read('client-ca', pem);
  return certificate === null || key === null ? null : { certificate, key, clientCa };
}

export function readEvents(reader: SettingsReader, spot: Spot, world: SettingsWorld): EventSettings | null {
  const fields = reader.fields(spot, ['secret', 'secret-file', 'ways', 'silence', 'keep']);
  if (fields === null) return null;
  const ms = (at: Spot): number | null => {
    const seconds = reader.number(at, { least: 1, most: LONGEST_SECONDS, isWhole: false });
    return seconds === null ? null : Math.round(seconds * 1000);
  };
  return {
    secret: readSecret(reader, fields, world),
    ways: fields.read('ways', (at) => reader.list(at).flatMap((each) => readWay(reader, each) ?? [])) ?? [],
    silenceMs: fields.read('silence', ms),
    keepMs: fields.read('keep', ms) ?? DEFAULT_KEEP_MS,
  };
}

function readSecret(reader: SettingsReader, fields: Fields, world: SettingsWorld): string | null {
  const [inline, file] = [fields.at('secret'), fields.at('secret-file')];
  if (inline !== null && file !== null) reader.complain(file, 'expected either secret or secret-file');
  if (inline !== null && !world.isPrivate) complainOfOthers(reader, inline, 'secret-file');
  if (inline !== null) return readSecretText(reader, inline);
  const read = file === null ? null : readPrivateFile(reader, file, world);
  if (file === null || read === null) return null;
  const secret = read.text.trim();
  return secret === '' ? reader.refuse(file, 'expected a file that is not empty') : secret;
}

function readWay(reader: SettingsReader, spot: Spot): string | null {
  const expected = 'connection, http://…, https://…, xmlrpc:http://…, unix:PATH or tcp:HOST:PORT';
  const text = reader.text(spot, expected);
  return text === null || WAY.test(text) ? text : reader.refuse(spot, `expected ${expected}`);
}
