import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  CallGaps,
  ControlRequest,
  ControlResult,
  NgLoad,
  NgResult,
  Reply,
  Request,
  TrafficRequest,
  TrafficResult,
} from './messages.js';

const PROGRAM = fileURLToPath(new URL('./generator.js', import.meta.url));

/** The load generator as the comparison sees it. One request at a time. */
export type GeneratorProcess = {
  readonly control: (request: Omit<ControlRequest, 'kind'>) => Promise<ControlResult>;
  readonly ng: (load: NgLoad) => Promise<NgResult>;
  readonly send: (request: Omit<TrafficRequest, 'kind'>) => Promise<TrafficResult>;
  /** What each call heard in the last run of packets. */
  readonly gaps: () => Promise<readonly CallGaps[]>;
  readonly forget: () => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Ends it at once, in the middle of a request too. */
  readonly kill: () => void;
};

/** Starts the generator. Its requests reject if it fails or ends. */
export function startGeneratorProcess(): GeneratorProcess {
  const child = fork(PROGRAM, [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(() => {
    throw new Error('the load generator ended unexpectedly');
  });
  ended.catch(() => {}); // Who asks next hears of it.

  async function ask<K extends Reply['kind']>(request: Request, kind: K): Promise<Extract<Reply, { kind: K }>> {
    const answer = once(child, 'message');
    child.send(request);
    const [reply] = (await Promise.race([answer, ended])) as [Reply];
    if (reply.kind === 'error') throw new Error(`the load generator: ${reply.message}`);
    if (reply.kind !== kind) throw new Error(`the load generator answered '${reply.kind}' to '${request.kind}'`);
    return reply as Extract<Reply, { kind: K }>;
  }

  return {
    control: async (request) => (await ask({ kind: 'control', ...request }, 'control')).result,
    ng: async (load) => (await ask({ kind: 'ng', ...load }, 'ng')).result,
    send: async (request) => (await ask({ kind: 'traffic', ...request }, 'traffic')).result,
    gaps: async () => (await ask({ kind: 'gaps' }, 'gaps')).calls,
    forget: async () => void (await ask({ kind: 'forget' }, 'forgotten')),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
    kill: () => void child.kill(),
  };
}
