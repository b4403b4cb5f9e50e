import type { NgCommand } from './request.js';

/** A JSON Schema (2020-12), or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });
const of = (description: string, schema: JsonSchema): JsonSchema => ({ description, ...schema });
const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema => ({
  ...{ type: 'object', properties, required },
});
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const byName = (values: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: values });

const TEXT: JsonSchema = { type: 'string' };
const WHOLE: JsonSchema = { type: 'integer' };

const MOS = object({
  MOS: of('tenfold: 43 is 4.3', WHOLE),
  'reported at': of('seconds since 1970', WHOLE),
  'round-trip time': of('microseconds', WHOLE),
  'round-trip time leg': of('microseconds', WHOLE),
  jitter: of('milliseconds', WHOLE),
  'packet loss': of('percent', WHOLE),
  samples: WHOLE,
});

const COUNTS = object({ packets: WHOLE, bytes: WHOLE, errors: WHOLE });
const PLACE = object({ family: TEXT, address: TEXT, port: WHOLE });

const SSRC = object({
  ...{ SSRC: WHOLE, bytes: WHOLE, packets: WHOLE, 'last RTP timestamp': WHOLE, 'last RTP seq': WHOLE, 'cumulative loss': WHOLE },
  ...{ 'average MOS': ref('mos'), 'lowest MOS': ref('mos'), 'highest MOS': ref('mos') },
  'MOS progression': object({ interval: WHOLE, entries: list(ref('mos')) }),
});

const STREAM = object({
  ...{ 'local port': WHOLE, 'local address': TEXT, family: TEXT, endpoint: ref('place'), 'advertised endpoint': ref('place') },
  ...{ 'last packet': WHOLE, SSRC: WHOLE, flags: list(TEXT), stats: ref('counts'), stats_out: ref('counts') },
});

const MEDIA = object({
  ...{ index: of('from 1', WHOLE), type: TEXT, protocol: TEXT, codec: TEXT, streams: list(ref('stream')), flags: list(TEXT) },
  ...{ 'ingress SSRCs': list(ref('ssrc')), 'egress SSRCs': list(ref('ssrc')) },
});

const TAG = object({
  ...{ tag: TEXT, 'via-branch': TEXT, label: TEXT, created: WHOLE, metadata: TEXT, medias: list(ref('media')) },
});

/** What a call is reported as by `query` and `delete`. */
const CALL = {
  ...{ created: of('seconds since 1970', WHOLE), created_us: WHOLE, created_ts: WHOLE, 'last signal': WHOLE, metadata: TEXT },
  ...{ SSRC: of('by SSRC, decimal', byName(ref('ssrc'))), tags: of('by tag', byName(ref('tag'))) },
  totals: object({ RTP: ref('counts'), RTCP: ref('counts') }),
};

/** Parts that replies refer to. */
export const REPLY_PARTS: Readonly<Record<string, JsonSchema>> = {
  ...{ mos: MOS, counts: COUNTS, place: PLACE, ssrc: SSRC, stream: STREAM, media: MEDIA, tag: TAG },
  error: object({ result: { const: 'error' }, 'error-reason': of('clients match on some of them', TEXT) }, [
    'result',
    'error-reason',
  ]),
  'load-limit': object({ result: { const: 'load limit' }, message: TEXT }, ['result', 'message']),
};

const SDP = of('the description, changed', TEXT);

type ReplyKeys = { readonly keys: Readonly<Record<string, JsonSchema>>; readonly required?: readonly string[] };

/** What a command returns besides `result` when it is done. */
export const REPLY_KEYS: Readonly<Partial<Record<NgCommand, ReplyKeys>>> = {
  offer: { keys: { sdp: SDP } },
  answer: { keys: { sdp: SDP } },
  delete: { keys: { warning: of('nothing was found to delete', TEXT), ...CALL } },
  query: { keys: CALL },
  list: { keys: { calls: of('Call-IDs', list(TEXT)) }, required: ['calls'] },
  statistics: { keys: { statistics: of('counters by group', { type: 'object' }) }, required: ['statistics'] },
  'play media': { keys: { duration: of('milliseconds', WHOLE) } },
  'stop media': { keys: { 'last-frame-pos': WHOLE } },
  'subscribe request': {
    keys: {
      sdp: of('the offer of the copy', TEXT),
      'from-tag': of('where there is one party', TEXT),
      'from-tags': list(TEXT),
      'to-tag': of('names the subscription', TEXT),
    },
    required: ['sdp', 'to-tag'],
  },
};

/** `result` of a command that is done, and what comes with it. */
export function doneSchema(command: NgCommand): JsonSchema {
  const { keys, required = [] } = REPLY_KEYS[command] ?? { keys: {} };
  return object({ result: { const: command === 'ping' ? 'pong' : 'ok' }, ...keys }, ['result', ...required]);
}
