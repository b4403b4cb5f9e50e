import type { TestContext } from 'node:test';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { UdpControl } from './control.js';
import { leasePorts } from './ports.js';
import { type RelayOptions, type RunningRelay, startRelay } from './relay.js';

/** A relay that listens for NG over UDP, and asks of a client in bencode. */
export type NgRelay = {
  readonly relay: RunningRelay;
  readonly port: number;
  /** @throws when no answer comes in time, or one that is none */
  readonly ask: (request: NgDictionary) => Promise<NgDictionary>;
};

/** Starts both; they end with the test. */
export async function openNgRelay(t: TestContext, options: RelayOptions = {}): Promise<NgRelay> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const relay = await startRelay({ ...options, args: ['--listen-ng', `udp:127.0.0.1:${port}`, ...(options.args ?? [])] });
  t.after(() => relay.stop());
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  const ask = async (request: NgDictionary): Promise<NgDictionary> => {
    const reply = decodeBencode(await client.ask(encodeBencode(request)));
    if (!reply.ok) throw new Error(reply.error);
    return reply.value;
  };
  return { relay, port, ask };
}
