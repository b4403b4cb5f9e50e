import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { udpPort } from '../model/kernel/index.js';
import { openUdpSocket } from '../src/io/sys/socket.js';
import { forceSocketQueues, localPort, stampArrivals } from '../src/io/sys/socketProperties.js';
import { driveControl } from './callSetup.js';
import { MAX_BATCH, MAX_CALLS, type Reply, type Request, type TrafficRequest, type TrafficResult } from './messages.js';
import { driveNg } from './ng/drive.js';
import { makeSharedState, ORDER, type ReceiverStart, type SharedState } from './packets.js';
import { type Endpoints, readGaps, routeDirectly, routeStreams, type Side, sendTraffic } from './traffic.js';

// The load generator, a process of its own: this thread sends, and blocks while it does; receiver.ts receives.

const QUEUE_BYTES = 64 << 20;
const SELF_CHECK: TrafficRequest = { kind: 'traffic', path: 'direct', pps: 300_000, seconds: 5, batch: 32, directCalls: 3000 };

type Generator = { readonly sides: readonly [Side, Side]; readonly shared: SharedState; calls: readonly Endpoints[] };

function openSide(): Side {
  const opened = openUdpSocket({ host: '127.0.0.1', port: udpPort(0) }, { receiveBufferBytes: QUEUE_BYTES, tos: 0 });
  if (!opened.ok) throw new Error(`the generator cannot open a socket: ${opened.error}`);
  forceSocketQueues(opened.value, QUEUE_BYTES); // Without the right to it net.core.rmem_max has to do.
  stampArrivals(opened.value);
  return { fd: opened.value, port: localPort(opened.value) };
}

async function startGenerator(): Promise<{ generator: Generator; stop: () => Promise<void> }> {
  const sides = [openSide(), openSide()] as const;
  const shared = makeSharedState();
  const workerData: ReceiverStart = { shared, fds: sides.map((side) => side.fd) };
  const receiver = new Worker(new URL('./receiver.js', import.meta.url), { workerData });
  await once(receiver, 'message');
  receiver.once('error', (error) => {
    console.error(`generator: the receiver failed: ${error.message}`);
    process.exit(1);
  });
  const stop = async (): Promise<void> => {
    Atomics.store(shared.order, 0, ORDER.end);
    Atomics.notify(shared.order, 0);
    await once(receiver, 'exit');
  };
  return { generator: { sides, shared, calls: [] }, stop };
}

function runTraffic(generator: Generator, request: TrafficRequest): TrafficResult {
  const { sides, shared } = generator;
  if (request.path === 'relay') {
    if (generator.calls.length === 0) throw new Error('no call stands');
    return sendTraffic(request, generator.calls.length, sides, shared);
  }
  routeDirectly(request.directCalls, sides, shared);
  return sendTraffic(request, request.directCalls, sides, shared);
}

function answer(generator: Generator, request: Request): Reply {
  switch (request.kind) {
    case 'control': {
      const { result, calls } = driveControl(request, generator.sides);
      if (request.walk === 'U+L') {
        generator.calls = [...generator.calls, ...calls].slice(0, MAX_CALLS);
        routeStreams(generator.calls, generator.shared);
      }
      return { kind: 'control', result };
    }
    case 'ng':
      return { kind: 'ng', result: driveNg(request) };
    case 'traffic':
      return { kind: 'traffic', result: runTraffic(generator, request) };
    case 'gaps': {
      const gaps = readGaps(generator.calls.length, generator.shared);
      return { kind: 'gaps', calls: generator.calls.map(({ call }, i) => ({ call, streams: [gaps[i * 2]!, gaps[i * 2 + 1]!] })) };
    }
    case 'forget':
      generator.calls = [];
      return { kind: 'forgotten' };
  }
}

/** `node generator.js --self`: what the generator can do when nothing is between its sockets. */
async function checkSelf(): Promise<void> {
  const { generator, stop } = await startGenerator();
  const result = runTraffic(generator, SELF_CHECK);
  console.log(
    `direct A <-> B at ${SELF_CHECK.pps} pps for ${SELF_CHECK.seconds} s: sent ${result.sent} (${Math.round(result.offeredPps)} pps), ` +
      `lost ${result.sent - result.received}, strays ${result.strays}, out of order ${result.outOfOrder}, latency p50 ${result.p50Us} ` +
      `p99 ${result.p99Us} p999 ${result.p999Us} us, generator CPU ${Math.round(result.generatorCpuPercent)} % of a core`,
  );
  await stop();
  process.exitCode = result.received === result.sent && result.offeredPps > SELF_CHECK.pps * 0.99 ? 0 : 1;
}

async function serve(): Promise<void> {
  const { generator, stop } = await startGenerator();
  process.on('message', (request: Request) => {
    let reply: Reply;
    try {
      reply = answer(generator, request);
    } catch (error) {
      reply = { kind: 'error', message: error instanceof Error ? error.message : String(error) };
    }
    process.send?.(reply);
  });
  process.once('disconnect', () => void stop());
}

if (process.argv.includes('--self')) await checkSelf();
else if (process.send) await serve();
else {
  console.error(
    `generator: started by compare.js, or with --self (batches up to ${MAX_BATCH} packets, up to ${MAX_CALLS} calls)`,
  );
  process.exitCode = 1;
}
