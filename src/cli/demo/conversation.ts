import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseWav } from '../../protocol/audio/wav.js';
import { PACKET_BYTES, PACKET_MS, type Phone, TICKS_PER_MS } from './phone.js';

/** Two phones, and what the first says to the second and the second to the first. */
export type Conversation = {
  readonly caller: Phone;
  readonly callee: Phone;
  readonly callerSpeech: Uint8Array;
  readonly calleeSpeech: Uint8Array;
  /** Two more phones, connected without a relay, to compare with. The first speaks. */
  readonly direct: readonly [Phone, Phone];
};

/** How long to wait for packets on their way after the last word. */
const LAST_PACKETS_MS = 500;
const POLL_MS = 10;

/** Whole packets of µ-law speech from a file next to the sources, from its beginning again where it is too short. */
export async function loadSpeech(name: 'caller' | 'callee', seconds: number): Promise<Uint8Array> {
  // Sound files are not compiled: from dist/src/cli/demo back to the package, then to the sources.
  const file = new URL(`../../../../src/cli/demo/${name}.wav`, import.meta.url);
  const wav = parseWav(await readFile(file));
  if (!wav.ok) throw new Error(`${file.pathname}: ${wav.error}`);
  const { encoding, sampleRate, channels, data } = wav.value;
  if (encoding !== 'mulaw' || sampleRate !== TICKS_PER_MS * 1000 || channels !== 1 || data.length === 0) {
    throw new Error(`${file.pathname}: ${encoding}, ${sampleRate} Hz, ${channels} channels: mulaw, 8000 Hz, 1 channel expected`);
  }
  const packets = Math.round((seconds * 1000) / PACKET_MS);
  return Uint8Array.from({ length: packets * PACKET_BYTES }, (_, i) => data[i % data.length]!);
}

/**
 * Lets both phones say their speech at the same time, a packet every 20 ms, and a sender report in the middle; the direct phones
 * say the caller's. The three take turns within the 20 ms, so that none waits for another in this program's one thread.
 */
export async function converse(conversation: Conversation, signal: AbortSignal): Promise<void> {
  const { caller, callee, callerSpeech, calleeSpeech, direct } = conversation;
  const turns = [
    { phone: caller, speech: callerSpeech, afterMs: 0 },
    { phone: direct[0], speech: callerSpeech, afterMs: 6 },
    { phone: callee, speech: calleeSpeech, afterMs: 12 },
  ];
  const packets = callerSpeech.length / PACKET_BYTES;
  const beganMs = performance.now();
  for (let n = 0; n < packets; n++) {
    for (const { phone, speech, afterMs } of turns) {
      await delay(Math.max(0, beganMs + n * PACKET_MS + afterMs - performance.now()), null, { signal });
      phone.say(speech.subarray(n * PACKET_BYTES, (n + 1) * PACKET_BYTES));
      if (n === Math.floor(packets / 2) && phone !== direct[0]) phone.report();
    }
  }
  const complete = () => {
    const rtp =
      caller.reception.received === packets && callee.reception.received === packets && direct[1].reception.received === packets;
    return rtp && caller.reportsHeard === callee.reportsSent && callee.reportsHeard === caller.reportsSent;
  };
  for (let waitedMs = 0; waitedMs < LAST_PACKETS_MS && !complete(); waitedMs += POLL_MS) await delay(POLL_MS, null, { signal });
}
