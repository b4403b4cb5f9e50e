import { type TestContext, test } from 'node:test';
import { type Address, udpPort } from '../../model/kernel/index.js';
import { clock } from '../../src/io/clock.js';
import { mapMemory } from '../../src/io/sys/memory.js';
import { closeDescriptor, MSG_DONTWAIT, openUdpSocket, recvfrom, sendto } from '../../src/io/sys/socket.js';
import { localPort } from '../../src/io/sys/socketProperties.js';
import { RING_MEMORY_BYTES } from '../../src/io/threads/shardStart.js';
import { openWaker } from '../../src/io/threads/wake.js';
import { chooseEngine } from '../../src/io/udp/chooseEngine.js';
import type { EngineName, PacketEngine } from '../../src/media/engine.js';
import { encodeSockaddr, SOCKADDR_BYTES } from '../../src/protocol/bytes/sockaddr.js';
import { ENGINE_BOUND, HOST } from './engineScene.js';
import { leasePorts, type PortLease } from './ports.js';

const RECEIVE_BUFFER_BYTES = 1 << 20;
const RECEIVE_BUFFERS = 2048;

/** An engine in the test's own thread, which it blocks while it runs: what it is to find must be there before. */
export type EngineHere = { readonly engine: PacketEngine; readonly lease: PortLease; readonly t: TestContext };

/** A test with each of the engines. One that this machine cannot have is skipped with the system's reason. */
export function onEachEngineHere(
  title: string,
  rows: number,
  names: readonly EngineName[],
  body: (scene: EngineHere) => Promise<void>,
): void {
  for (const name of names) {
    test(`${name}: ${title}`, ENGINE_BOUND, async (t) => {
      const lease = await leasePorts(rows * 2 + 100);
      t.after(() => lease.release());
      const waker = await openWaker();
      if (waker.fd >= 0) t.after(() => closeDescriptor(waker.fd));
      let engine: PacketEngine;
      try {
        ({ engine } = await chooseEngine(name, rows, {
          descriptors: new Int32Array(rows),
          ring: new Float64Array(RING_MEMORY_BYTES / 8),
          wakeFd: waker.fd,
          clock,
          receiveBufferBytes: RECEIVE_BUFFER_BYTES,
          receiveBuffers: RECEIVE_BUFFERS,
          tos: null,
        }));
      } catch (error) {
        return t.skip((error as Error).message);
      }
      await body({ engine, lease, t });
    });
  }
}

/** A socket that sends and receives by system calls, without an event loop. */
export class PlainSocket {
  readonly port: number;
  readonly #fd: number;
  readonly #memory = mapMemory(16_384);
  readonly #words = new Uint32Array(this.#memory.buffer);

  constructor(t: TestContext) {
    const opened = openUdpSocket({ host: HOST, port: udpPort(0) }, { receiveBufferBytes: RECEIVE_BUFFER_BYTES, tos: null });
    if (!opened.ok) throw new Error(opened.error);
    this.#fd = opened.value;
    this.port = localPort(opened.value);
    t.after(() => closeDescriptor(this.#fd));
  }

  get address(): Address {
    return { host: HOST, port: udpPort(this.port) };
  }

  send(bytes: Uint8Array, port: number): void {
    const { address, buffer } = this.#memory;
    encodeSockaddr({ host: HOST, port: udpPort(port) }, this.#words, 0);
    new Uint8Array(buffer).set(bytes, 64);
    sendto(this.#fd, address + 64, bytes.length, MSG_DONTWAIT, address, SOCKADDR_BYTES);
  }

  /** Everything that has come. */
  take(): Uint8Array[] {
    const { address, buffer } = this.#memory;
    const taken: Uint8Array[] = [];
    for (;;) {
      this.#words[8] = SOCKADDR_BYTES;
      const length = recvfrom(this.#fd, address + 64, 8192, MSG_DONTWAIT, address, address + 32);
      if (length < 0) return taken;
      taken.push(new Uint8Array(buffer).slice(64, 64 + length));
    }
  }
}
