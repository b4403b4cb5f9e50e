import type { AudioCodecs } from '../../protocol/audio/codec.js';
import { plainCodecs } from '../../protocol/audio/codecs.js';
import { loadG729 } from './bcg729.js';

/** The codecs that work on this machine: our own, and G.729 where libbcg729 is installed. */
export async function installedCodecs(): Promise<AudioCodecs> {
  const g729 = await loadG729();
  return g729.ok ? new Map([...plainCodecs(), [g729.value.payloadType, g729.value]]) : plainCodecs();
}
