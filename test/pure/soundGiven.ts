/** Relays that play and record, without a file: prompts of silence, and a recorder that takes everything. */
import { callId, millis } from '../../model/kernel/index.js';
import type { NewRecord } from '../../src/relay/events/record.js';
import type { RecorderNotice } from '../../src/relay/recording/orders.js';
import type { PureRelay, Special } from '../property/pureRelay.js';

/** 200 ms of each. */
const FRAMES: ReadonlyMap<number, number> = new Map([
  [0, 1600],
  [8, 1600],
  [3, 330],
]);

export const PROMPT = '/prompts/hold';

/** `isThere`: whether the prompt still is. */
export const sounding = (isThere: () => boolean = () => true): Special => ({
  setting: { recording: { form: 'ad-hoc', all: false } },
  recorder: { packet: () => true, order: () => {} },
  prompts: {
    find: (name, payloadTypes, found) => {
      const payloadType = payloadTypes.find((each) => FRAMES.has(each));
      if (name !== PROMPT || payloadType === undefined || !isThere()) found(null);
      else found({ payloadType, frames: new Uint8Array(FRAMES.get(payloadType)!) });
    },
  },
});

type Recorded = { readonly files: readonly string[]; readonly packets: number; readonly durationMs: number };

/** What the recorder says of the complete recording of a call, as the log tells it. */
export function recorded(relay: PureRelay, call: string, { files, packets, durationMs }: Recorded): void {
  const { session } = relay.records.find((record) => record.call === call)!;
  const at = millis(relay.nowMs);
  const record: NewRecord = {
    ...{ kind: 'recording', at, call: callId(call), session, recording: 1, startedAt: millis(at - durationMs), durationMs },
    ...{ packets, files: files.map((path) => ({ path, packets, bytes: packets * 172 })) },
  };
  relay.shard.write(record);
}

/** What the recorder says otherwise becomes a command. */
export function named(relay: PureRelay, call: string, files: Extract<RecorderNotice, { kind: 'opened' }>['files']): void {
  for (const session of relay.shard.directory.ofCall(call))
    relay.shard.command(session, { type: 'NameRecording', recording: 1, files });
}
