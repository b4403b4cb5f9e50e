import { equal } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { UdpControl } from './control.js';
import { type RelayOptions, type RunningRelay, startRelay } from './relay.js';

/** A relay of a test's own, and a control client of its first socket. */
export type RelayScene = { readonly t: TestContext; readonly relay: RunningRelay; readonly control: UdpControl };

/** Starts both; they end with the test. The first control socket must be a UDP one. */
export async function openRelay(t: TestContext, options: RelayOptions = {}): Promise<RelayScene> {
  const relay = await startRelay(options);
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { t, relay, control };
}

/** Where an answer to U or L says that media is received. */
export type LocalPlace = { readonly port: number; readonly host: string };

/** A U or L that must be answered with a port on `host`. */
export async function askPlace(control: UdpControl, command: string, host = '127.0.0.1'): Promise<LocalPlace> {
  const answer = await control.ask(command);
  const [port = '', ...rest] = answer.split(' ');
  const expected = host.includes(':') ? `${host} 6` : host;
  equal(
    `${/^[1-9]\d*$/.test(port) ? 'PORT' : port} ${rest.join(' ')}`,
    `PORT ${expected}`,
    `${command} was answered with ${answer}`,
  );
  return { port: Number(port), host };
}

/** Counters of the instance by name (`G`); a refusal is thrown. */
export async function instanceCounters<Name extends string>(
  control: UdpControl,
  ...names: readonly Name[]
): Promise<Readonly<Record<Name, number>>> {
  return named(names, await control.ask(`G ${names.join(' ')}`), `G ${names.join(' ')}`);
}

/** Counters of a session by name (`Q`), seen from the owner of the first of `tags`. */
export async function sessionCounters<Name extends string>(
  control: UdpControl,
  call: string,
  tags: string,
  ...names: readonly Name[]
): Promise<Readonly<Record<Name, number>>> {
  const command = `Q ${call} ${tags} ${names.join(' ')}`;
  return named(names, await control.ask(command), command);
}

function named<Name extends string>(names: readonly Name[], answer: string, command: string): Readonly<Record<Name, number>> {
  const values = answer.split(' ');
  if (values.length !== names.length || values.some((value) => !/^\d+(\.\d{6})?$/.test(value)))
    throw new Error(`${command}: expected ${names.length} numbers, got ${JSON.stringify(answer)}`);
  return Object.fromEntries(names.map((name, n) => [name, Number(values[n])])) as Record<Name, number>;
}
