/** What tests of the classic protocol start from: configurations, and commands read or refused under them. */
import assert from 'node:assert/strict';
import type { Description, RtpproxyCommand, UpdateCommand } from '../../src/protocol/rtpproxy/command.js';
import { type Grammar, PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';

/** Everything is configured: bridging, IPv6, notifications, labels `lan` and `wan-2`, two instances of module 4 and one of 3 and 5. */
export const FULL_GRAMMAR: Grammar = {
  bridging: true,
  ipv6: true,
  notify: true,
  hasLabel: (label) => label === 'lan' || label === 'wan-2',
  moduleInstances: (id) => ({ 3: 1, 4: 2, 5: 1 })[id] ?? 0,
};

export function parsed(text: string, grammar: Grammar = PLAIN_GRAMMAR): RtpproxyCommand {
  const result = parseCommand(text, grammar);
  assert.ok(result.ok, `${JSON.stringify(text)} got ${result.ok ? '' : result.error}`);
  return result.value;
}

export function parsedUpdate(text: string, grammar: Grammar = PLAIN_GRAMMAR): UpdateCommand {
  const command = parsed(text, grammar);
  assert.ok(command.verb === 'update' || command.verb === 'lookup', text);
  return command;
}

/** Checks the fields that are named, and leaves the others alone. */
export function assertSays(actual: object, wanted: object, message?: string): void {
  assert.deepEqual({ ...actual, ...wanted }, actual, message);
}

/** The error of a command, or what it was taken for. */
export function errorOf(text: string, grammar: Grammar = PLAIN_GRAMMAR): string {
  const result = parseCommand(text, grammar);
  return result.ok ? JSON.stringify(result.value) : result.error;
}

/** What a side is when nothing but `192.0.2.1 4000` is said of it. */
export const PLAIN_DESCRIPTION = {
  remote: { host: '192.0.2.1', port: 4000 },
  held: false,
  weak: false,
  asymmetric: null,
  codecs: [],
  resizeMs: null,
  newPort: false,
  callerTtlSeconds: null,
  calleeTtlSeconds: null,
  network: { kind: 'default' },
} as const satisfies Omit<Description, 'remote'> & { readonly remote: { readonly host: string; readonly port: number } };

/** `U` or `L` with these modifiers, address and port, and both tags. */
export const commandOf = (letters: string, host = '192.0.2.1', port = '4000'): string => `${letters} c ${host} ${port} f t`;
