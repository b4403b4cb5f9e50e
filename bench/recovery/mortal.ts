/**
 * Preloaded into a relay (`node --import`): a media thread ends on the spot, with everything open, when it is given a command for a Call-ID
 * that begins with `die-now`. Once: the file that RTPBRIDGE_BENCH_DEATH names says that it has happened.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { isMainThread, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ShardRequest } from '../../src/relay/supervisor/messages.js';

const EXIT_CODE = 3;
const DEATH = process.env['RTPBRIDGE_BENCH_DEATH'] ?? '';

const isDeadly = (request: ShardRequest): boolean =>
  request.kind === 'command' && request.assignment.command.call.startsWith('die-now');

/** The engines that block their thread read their mailbox with this. */
const readPort = receiveMessageOnPort;
if (!isMainThread && DEATH !== '') {
  Object.assign(createRequire(import.meta.url)('node:worker_threads'), {
    receiveMessageOnPort: (port: MessagePort) => {
      const got = readPort(port);
      const requests: unknown = got?.message;
      if (Array.isArray(requests) && (requests as ShardRequest[]).some(isDeadly) && !existsSync(DEATH)) {
        writeFileSync(DEATH, '');
        process.exit(EXIT_CODE);
      }
      return got;
    },
  });
  syncBuiltinESMExports();
}
