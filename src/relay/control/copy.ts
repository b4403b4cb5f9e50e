import { type Address, udpPort } from '../../../model/kernel/index.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { CopyCommand, StopRecordCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { formatLocal } from '../../protocol/rtpproxy/format.js';
import { numericHost } from '../../protocol/rtpproxy/numericHost.js';
import type { Direction } from '../session/directory.js';
import type { Execution } from './execution.js';

const DONE = '0';

/** Whose packets a command means: those of the side whose tag it names first. */
const sideOf = (direction: Direction): Side => (direction === 'forward' ? 'caller' : 'callee');

/** C: sends what a side sends to another host as well. Into files it comes with recording. */
export function copy(command: CopyCommand, { shard, routeTo }: Execution): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  const to = parseTarget(command.target);
  const host = to === null ? null : routeTo(to.host);
  if (to === null || host === null) return E.copy;
  const { session } = found;
  const side = sideOf(found.direction);
  // As rtpproxy: a stream is copied to one place at a time, and to ask again is no error.
  if (session.snapshot.context.legs[side].copy !== null) return command.reportPort ? E.copy : DONE;
  const local = shard.copies.start(session, side, to, host);
  if (local === null) return E.copy;
  if (!shard.command(session, { type: 'Copy', side, to, local }).ok) {
    shard.copies.stop(session, side);
    return E.copy;
  }
  return command.reportPort ? formatLocal(local, null) : DONE;
}

/** `udp:host:port`, numeric IPv4. */
function parseTarget(text: string): Address | null {
  const [, host = '', digits = ''] = /^udp:([0-9.]+):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return numericHost(host, 'IPv4') === null || port < 1 || port > 65_535 ? null : { host, port: udpPort(port) };
}

/** N: ends the copies of every session that is meant, of one side or of both. */
export function stopCopies(command: StopRecordCommand, { shard }: Execution): string {
  let isDone = false;
  for (const { session, direction } of shard.directory.findEach(command.call, command.tags)) {
    const side = sideOf(direction);
    for (const each of command.both ? [side, otherSide(side)] : [side]) {
      if (session.snapshot.context.legs[each].copy === null) continue;
      shard.copies.stop(session, each);
      shard.command(session, { type: 'StopCopy', side: each });
      isDone = true;
    }
  }
  return isDone ? DONE : E.noSuchSession;
}
