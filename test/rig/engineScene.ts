import { equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { EngineThread } from './engineDriver.js';
import { DatagramPeer } from './enginePeer.js';
import { leasePorts, type PortLease } from './ports.js';

export const ENGINE_BOUND = { timeout: 30_000 };
export const HOST = '127.0.0.1';
/** As long as a silence must be to count as one. */
export const QUIET_MS = 150;

export type EngineScene = { readonly engine: EngineThread; readonly lease: PortLease; readonly t: TestContext };

/** A test with each engine, on leased ports. An engine that this machine cannot have is skipped with the system's reason. */
export function onEachEngine(
  title: string,
  body: (scene: EngineScene) => Promise<void>,
  names: readonly EngineName[] = ENGINE_NAMES,
): void {
  for (const name of names) {
    test(`${name}: ${title}`, ENGINE_BOUND, async (t) => {
      const lease = await leasePorts();
      t.after(() => lease.release());
      const engine = await EngineThread.start(name);
      if (typeof engine === 'string') return t.skip(engine);
      t.after(() => engine.stop());
      await body({ engine, lease, t });
    });
  }
}

/** A socket of the test itself, closed with it. */
export async function openPeer({ t }: Pick<EngineScene, 't'>, host = HOST): Promise<DatagramPeer> {
  const opened = await DatagramPeer.open(host);
  t.after(() => opened.close());
  return opened;
}

/** Opens a row on a leased port, and answers the port. */
export async function openRow({ engine, lease }: EngineScene, row: number, host = HOST): Promise<number> {
  const port = await lease.port();
  equal(await engine.open(row, { host, port }), null);
  return port;
}

/** Bytes that tell by their content which packet they are. */
export function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 7 + (i >> 8)) & 0xff;
  return bytes;
}
