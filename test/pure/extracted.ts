import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { mulawToLinear } from '../../src/protocol/audio/g711.js';
import { readAdHoc } from '../../src/protocol/recording/readAdHoc.js';
import type { RecordedPacket } from '../../src/protocol/recording/recordedPacket.js';
import { recordingInMemory } from '../../src/protocol/recording/recordingBytes.js';
import { type Mix, mixDown } from '../../src/relay/tools/mixdown.js';
import { RecordedSide, type SideOptions } from '../../src/relay/tools/recordedSide.js';
import { adHocFile, type Recorded } from '../rig/recordings.js';

export type Extraction = Partial<SideOptions> & { readonly stereo?: boolean };

/** What a side's recording holds, read back from the bytes of its file. */
export function sideOf(packets: readonly Recorded[], options: Extraction = {}): RecordedSide {
  const side = new RecordedSide({ codecs: plainCodecs(), srtp: null, sampleRate: 8000, keepsSilence: true, ...options });
  for (const packet of readAdHoc(recordingInMemory(adHocFile(packets)))) if (packet.ok) side.take(packet.value as RecordedPacket);
  side.end();
  return side;
}

/** Both sides of a recording, mixed. */
export function extracted(answer: readonly Recorded[], originate: readonly Recorded[], options: Extraction = {}): Mix {
  const [ofAnswer, ofOriginate] = [answer, originate].map((packets) =>
    sideOf(packets, options).channels.map(({ track }) => track),
  );
  const { stereo = true, keepsSilence = true, sampleRate = 8000 } = options;
  const mix = mixDown(ofAnswer!, ofOriginate!, { stereo, keepsSilence, sampleRate });
  if (!mix.ok) throw new Error(mix.error);
  return mix.value;
}

/** One channel of a stereo mix: 0 answering side, 1 originating side. */
export const channelOf = ({ samples }: Mix, channel: 0 | 1): Int16Array => samples.filter((_, i) => i % 2 === channel);

/** A code for each packet that no packet near it has: so a sample tells whose it is. */
const codeOf = (i: number): number => 0x80 | (i % 97);

export const levelOf = (i: number): number => mulawToLinear(codeOf(i));

/** A packet of that level throughout. */
export const levelPacket = (i: number): Uint8Array => new Uint8Array(160).fill(codeOf(i));

/** Where a level begins and ends, samples; null where it is not heard. */
export function whereIs(samples: Int16Array, i: number): readonly [number, number] | null {
  const first = samples.indexOf(levelOf(i));
  return first < 0 ? null : [first, samples.lastIndexOf(levelOf(i)) + 1];
}

/** How strong a tone is, as its amplitude (Goertzel's filter). */
export function toneIn(samples: Int16Array, hz: number, rate = 8000): number {
  let [real, imaginary] = [0, 0];
  for (const [i, sample] of samples.entries()) {
    real += sample * Math.cos((2 * Math.PI * hz * i) / rate);
    imaginary += sample * Math.sin((2 * Math.PI * hz * i) / rate);
  }
  return (2 * Math.hypot(real, imaginary)) / samples.length;
}
