import { type Address, familyOf, sameAddress, udpPort } from '../../../model/kernel/index.js';
import { otherSide, SIDES, type Side } from '../../../model/session/side.js';
import type { CopyCommand, RecordCommand, StopRecordCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { formatLocal } from '../../protocol/rtpproxy/format.js';
import { isWildcard, numericHost } from '../../protocol/rtpproxy/numericHost.js';
import type { RouteTo } from '../networks/choose.js';
import type { Direction } from '../session/directory.js';
import type { Session } from '../session/session.js';
import type { Execution } from './execution.js';

const DONE = '0';
const REMOTE = 'udp:';
/** All of these are this host's, and it answers by one of them only. */
const LOOPBACK = /^127\./;

/** Whose packets a command means: those of the side whose tag it names first. */
const sideOf = (direction: Direction): Side => (direction === 'forward' ? 'caller' : 'callee');

/** C: sends what a side sends to another host as well, or records it under a name. */
export function copy(command: CopyCommand, execution: Execution): string {
  const found = execution.shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  const { session } = found;
  const side = sideOf(found.direction);
  if (command.target.startsWith(REMOTE)) return copyTo(command, session, side, execution);
  return !command.reportPort && copyToFile(command, session, side, execution) ? DONE : E.copy;
}

function copyTo(command: CopyCommand, session: Session, side: Side, { shard, routeTo }: Execution): string {
  const to = parseTarget(command.target);
  if (to === null) return E.copy;
  // Asked again for the same place, it is no error: the answer may have been lost.
  const present = session.snapshot.context.legs[side].copies.find((each) => sameAddress(each.to, to));
  if (present !== undefined) return command.reportPort ? formatLocal(present.local, null) : DONE;
  const host = goesRound(to, session, routeTo) ? null : routeTo(to.host);
  const local = host === null ? null : shard.copies.start(session, side, to, host);
  if (local === null) return E.copy;
  if (!shard.command(session, { type: 'Copy', side, to, local }).ok) {
    shard.copies.stop(session, side, local);
    return E.copy;
  }
  return command.reportPort ? formatLocal(local, null) : DONE;
}

/** Whether RTP or RTCP that is sent there comes back into this call: it would be copied again and again. */
function goesRound({ host, port }: Address, { snapshot }: Session, routeTo: RouteTo): boolean {
  const { legs } = snapshot.context;
  return SIDES.some((side) => {
    const { local } = legs[side];
    if (local === null || Math.abs(local.port - port) > 1) return false;
    if (!isWildcard(local.host)) return local.host === host;
    return familyOf(local.host) === familyOf(host) && (LOOPBACK.test(host) || routeTo(host) === host);
  });
}

/** `udp:host:port`, numeric IPv4, or IPv6 with or without brackets. */
function parseTarget(text: string): Address | null {
  const [, bracketed, bare = '', digits = ''] = /^udp:(?:\[([0-9a-fA-F:.]+)\]|([0-9a-fA-F:.]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host =
    bracketed === undefined ? (numericHost(bare, 'IPv4') ?? numericHost(bare, 'IPv6')) : numericHost(bracketed, 'IPv6');
  return host === null || isWildcard(host) || port < 1 || port > 65_535 ? null : { host, port: udpPort(port) };
}

function copyToFile({ target, single }: CopyCommand, session: Session, side: Side, { shard, setting }: Execution): boolean {
  const form = setting.recording?.form ?? null;
  if (form === null) return false;
  const isSingle = single && form === 'pcap';
  // A WAV file has room for both sides, and so has a single pcap file.
  const sides = isSingle || form === 'wav' ? SIDES : [side];
  return shard.command(session, { type: 'Record', sides, form, single: isSingle, name: target }).ok;
}

/** R: records both sides of every session that is meant. */
export function record(command: RecordCommand, { shard, setting }: Execution): string {
  if (setting.recording === null) return E.noSuchSession;
  const { form } = setting.recording;
  const single = command.single && form === 'pcap';
  const found = shard.directory.findEach(command.call, command.tags);
  const begun = found.filter(
    ({ session }) => shard.command(session, { type: 'Record', sides: SIDES, form, single, name: null }).ok,
  );
  return begun.length > 0 ? DONE : E.noSuchSession;
}

/** N: ends the copies and recordings of every session that is meant, of one side or of both. */
export function stopRecord(command: StopRecordCommand, { shard }: Execution): string {
  let isDone = false;
  for (const { session, direction } of shard.directory.findEach(command.call, command.tags)) {
    const side = sideOf(direction);
    const sides = command.both ? [side, otherSide(side)] : [side];
    const { legs, recordings } = session.snapshot.context;
    for (const each of sides) {
      if (legs[each].copies.length === 0) continue;
      shard.copies.stop(session, each, null);
      shard.command(session, { type: 'StopCopy', side: each, local: null });
      isDone = true;
    }
    for (const { id, sides: recorded } of recordings) {
      if (!recorded.some((each) => sides.includes(each))) continue;
      shard.command(session, { type: 'StopRecording', recording: id, sides, reason: 'stopped' });
      isDone = true;
    }
  }
  return isDone ? DONE : E.noSuchSession;
}
