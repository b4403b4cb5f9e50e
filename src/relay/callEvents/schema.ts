import { CALL_EVENTS, type CallEventName } from './callEvent.js';
import { EVENT_VERSION, LOST_EVENT } from './wording.js';

/** A JSON Schema (draft 2020-12), as far as it is used here. */
export type JsonSchema = { readonly [key: string]: unknown };

const TEXT: JsonSchema = { type: 'string' };
const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
const says = (schema: JsonSchema, description: string): JsonSchema => ({ ...schema, description });

const SIDE_COUNTERS: JsonSchema = {
  type: 'object',
  description: 'What was counted of the RTP that a side sent, up to the event.',
  properties: {
    packets: says(COUNT, 'Accepted.'),
    bytes: says(COUNT, 'In them.'),
    relayed: says(COUNT, 'Sent on to the other side.'),
    dropped: says(COUNT, 'Accepted, and not sent on: there was nowhere to send them.'),
    'silent-ms': says(COUNT, 'Since the last packet. Left out: there was none.'),
  },
  required: ['packets', 'bytes', 'relayed', 'dropped'],
};

const ENVELOPE: Readonly<Record<string, JsonSchema>> = {
  version: says({ const: EVENT_VERSION }, 'Of this format.'),
  controller: says(TEXT, 'Whose event it is.'),
  run: says(COUNT, 'When the relay began to count, milliseconds since the Unix epoch: another run numbers its events anew.'),
  seq: says({ type: 'integer', minimum: 1 }, 'The number of the event among those of the controller in this run.'),
  at: says(COUNT, 'When it happened, milliseconds since the Unix epoch.'),
};

const CALL: Readonly<Record<string, JsonSchema>> = {
  'call-id': TEXT,
  'from-tag': says(TEXT, 'Of the side that offered first.'),
  'to-tag': says(TEXT, 'Of the side that answered. Left out: not known.'),
  'via-branch': says(TEXT, 'As the controller named it.'),
  counters: {
    type: 'object',
    properties: { from: SIDE_COUNTERS, to: SIDE_COUNTERS },
    required: ['from', 'to'],
  },
};

const STREAM: Readonly<Record<string, JsonSchema>> = {
  media: says({ type: 'integer', minimum: 1 }, 'Which media line of the descriptions it is about.'),
};

const SIDE: Readonly<Record<string, JsonSchema>> = {
  ...STREAM,
  side: says({ enum: ['from', 'to'] }, 'Which side it is about.'),
  tag: says(TEXT, 'The tag of that side. Left out: not known.'),
  label: says(TEXT, 'The label that the controller gave that side.'),
};

const DURATION: JsonSchema = says(COUNT, 'How long it lasted, milliseconds.');

type Kind = {
  readonly description: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: string[];
};

const END: Kind['properties'] = { reason: TEXT, 'duration-ms': says(COUNT, 'How long the relay had the call, milliseconds.') };

const KINDS: Readonly<Record<CallEventName, Kind>> = {
  'media-start': {
    description: 'The first packet of a side, or the first one after `silence`.',
    properties: SIDE,
    required: ['media', 'side'],
  },
  silence: {
    description:
      'A side that was heard has been silent for as long as the settings say. Told once for each silence, never on hold.',
    properties: SIDE,
    required: ['media', 'side'],
  },
  'media-timeout': {
    description: 'No side was heard for the time to live: the relay has ended the call. `call-end` follows.',
    properties: END,
    required: ['reason', 'duration-ms'],
  },
  dtmf: {
    description: 'A side has pressed a key (RFC 4733).',
    properties: {
      ...SIDE,
      digit: says(TEXT, 'One of `0-9*#ABCD`; a blank is a hook flash.'),
      'duration-ms': DURATION,
      volume: says(COUNT, 'Power level without its sign, dBm0: 0 is the loudest, 63 the softest.'),
      untold: says(COUNT, 'Digits of that side just before that came faster than anybody can dial, and are not told.'),
    },
    required: ['media', 'side', 'digit', 'duration-ms', 'volume'],
  },
  'recording-finished': {
    description: 'The files of a recording are complete, and stand where they belong. May come behind `call-end`.',
    properties: {
      ...STREAM,
      recording: says({ type: 'integer', minimum: 1 }, 'Counts the recordings of the media.'),
      files: says({ type: 'array', items: TEXT }, 'With their full paths.'),
      packets: COUNT,
      'duration-ms': says(COUNT, 'From the first packet to the last.'),
      'started-at': says(COUNT, 'Milliseconds since the Unix epoch.'),
    },
    required: ['media', 'recording', 'files', 'packets', 'duration-ms', 'started-at'],
  },
  'play-finished': {
    description: 'A side does not hear the prompt any more. `reason`: `finished`, `stopped`, `replaced` or `failed`.',
    properties: { ...SIDE, reason: TEXT, prompt: says(TEXT, 'As it was asked for.'), 'duration-ms': DURATION },
    required: ['media', 'side', 'reason'],
  },
  'call-end': {
    description: 'The last media of the dialogue has ended. `reason`: `deleted`, `timeout`, `purged`, `shutdown`, …',
    properties: END,
    required: ['reason', 'duration-ms'],
  },
};

const kindSchema = (name: string, description: string, properties: JsonSchema, required: readonly string[]): JsonSchema => ({
  ...{ type: 'object', title: name, description },
  properties: { ...ENVELOPE, event: { const: name }, ...properties },
  required: [...Object.keys(ENVELOPE), 'event', ...required],
});

/** What `publish` and `publishLoss` make, as JSON. Keys that it does not name may come at any time. */
export const CALL_EVENT_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'An event of a call, as rtpbridge tells it to the controller that owns the call',
  oneOf: [
    ...CALL_EVENTS.map((name) => {
      const { description, properties, required } = KINDS[name];
      return kindSchema(name, description, { ...CALL, ...properties }, ['call-id', 'from-tag', 'counters', ...required]);
    }),
    kindSchema(
      LOST_EVENT,
      'Events are missing here: they were kept as long as the settings say, or were too many. `seq` is that of the last one.',
      {
        lost: says({ type: 'integer', minimum: 1 }, 'How many of them would have been for this receiver.'),
        'first-seq': COUNT,
        'last-seq': COUNT,
      },
      ['lost', 'first-seq', 'last-seq'],
    ),
  ],
};
