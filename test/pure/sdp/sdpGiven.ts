import { textOf } from '../../../src/protocol/sdp/lines.js';
import { parseSdp } from '../../../src/protocol/sdp/parse.js';
import { rewriteSdp } from '../../../src/protocol/sdp/rewrite.js';
import type { Sdp, SdpMediaPlan, SdpPlace, SdpPlan } from '../../../src/protocol/sdp/sdp.js';

/** A description and what becomes of it, as one text: lines of both begin with two blanks, those of the first alone with `- `, of the other with `+ `. */
export type Pair = {
  readonly title: string;
  readonly plan?: Partial<SdpPlan>;
  readonly text: string;
  /** CRLF where nothing is said. */
  readonly end?: '\n';
  /** The last line has no end. */
  readonly isOpen?: true;
};

export function textsOf({ text, end = '\r\n' as '\n', isOpen }: Pair): { readonly before: string; readonly after: string } {
  const lines = text.split('\n').slice(1, -1);
  const of = (marks: string): string =>
    lines
      .filter((line) => marks.includes(line[0]!))
      .map((line) => line.slice(2))
      .join(end) + (isOpen ? '' : end);
  return { before: of(' -'), after: of(' +') };
}

/** The relay's place for a section, by number from 0, or by port. */
export const place = (i: number, host = '203.0.113.5', rtcpPort?: number): SdpPlace => {
  const port = i < 1000 ? 30_000 + 2 * i : i;
  return { host, family: host.includes(':') ? 'IP6' : 'IP4', port, rtcpPort: rtcpPort ?? port + 1 };
};

export const relay = (i: number, host?: string, rtcpPort?: number): SdpMediaPlan => ({
  kind: 'relay',
  place: place(i, host, rtcpPort),
});
export const KEEP: SdpMediaPlan = { kind: 'keep' };
export const REJECT: SdpMediaPlan = { kind: 'reject' };

export const CODEC: SdpPlan['codec'] = { strip: [], offer: [], except: [], mask: [] };

/** A plan that moves addresses and changes nothing else: every section that is relayable to a place of its own. */
export function planFor(sdp: Sdp, changes: Partial<SdpPlan> = {}): SdpPlan {
  return {
    media: sdp.media.map(({ carrier }, i) => (carrier === 'none' ? KEEP : relay(i))),
    ice: 'keep',
    rtcpMux: [],
    rtcpAttribute: 'as-was',
    bundle: [],
    replace: new Set(),
    origin: { address: { family: 'IP4', host: '203.0.113.5' }, username: 'relay', sessionName: 'call' },
    version: null,
    codec: CODEC,
    singleCodec: false,
    allowNoCodecMedia: false,
    ptimeMs: null,
    transportProtocol: null,
    stripExtmap: false,
    generateMid: false,
    attributes: {},
    removeKinds: [],
    loopMark: null,
    ...changes,
  };
}

/** Throws, which fails the test, where it cannot be read. */
export function parsed(text: string): Sdp {
  const result = parseSdp(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

/** What was read, written again. */
export const printed = ({ session, sections }: Sdp): string => [session, ...sections].flat().map(textOf).join('');

export function rewritten(text: string, changes: Partial<SdpPlan> = {}): string {
  const sdp = parsed(text);
  return rewriteSdp(sdp, planFor(sdp, changes));
}

/** A session part and the sections given, each as its lines. */
export const description = (...sections: readonly (readonly string[])[]): string =>
  [['v=0', 'o=- 1 1 IN IP4 192.0.2.9', 's=-', 'c=IN IP4 192.0.2.9', 't=0 0'], ...sections]
    .flat()
    .map((line) => `${line}\r\n`)
    .join('');
