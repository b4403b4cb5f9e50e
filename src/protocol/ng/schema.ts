import { NG_COMMAND_ROWS } from './commands.js';
import { NG_FLAG_TABLE } from './flagTable.js';
import { type KeyKind, type KeyRow, NG_KEY_TABLE } from './keyTable.js';
import { doneSchema, type JsonSchema, REPLY_PARTS, ref } from './replySchemas.js';
import { NG_COMMANDS, type NgCommand } from './request.js';

const NUMBER: JsonSchema = { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^ *[+-]?[0-9]+ *$' }] };
const TEXT: JsonSchema = { type: ['string', 'integer'] };
const WORDS: JsonSchema = {
  anyOf: [
    { type: 'array', items: TEXT },
    { type: 'string', description: 'with commas' },
  ],
};

/** How a value of each kind may be written. Words that are not known are let pass: they are ignored, and no error. */
const KINDS: Readonly<Record<KeyKind, JsonSchema>> = {
  name: TEXT,
  names: WORDS,
  text: TEXT,
  word: TEXT,
  words: WORDS,
  number: NUMBER,
  switch: { anyOf: [{ enum: ['yes', 'no', 'on', 'off'] }, { type: 'boolean' }] },
  description: { type: 'string' },
  bytes: { type: 'string' },
  dictionary: { type: 'object' },
};

/** Name of a command in the schema. */
export const schemaName = (command: NgCommand): string => command.replaceAll(' ', '-');

/**
 * A JSON Schema (draft 2020-12) of every request and every reply, out of the tables by which requests are read. Keys have the one spelling that
 * the manual has; others are accepted on the wire too, and so is every key that is not known.
 */
export function ngJsonSchema(): JsonSchema {
  const requests = NG_COMMANDS.map((command) => [`${schemaName(command)}-request`, requestSchema(command)] as const);
  const replies = NG_COMMANDS.map((command) => [`${schemaName(command)}-reply`, replySchema(command)] as const);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:rtpbridge:ng',
    title: 'rtpbridge NG',
    description: 'Requests and replies of the NG protocol, as JSON',
    anyOf: [ref('request'), ref('reply')],
    $defs: {
      request: { anyOf: requests.map(([name]) => ref(name)) },
      reply: { anyOf: replies.map(([name]) => ref(name)) },
      ...Object.fromEntries([...requests, ...replies]),
      ...REPLY_PARTS,
    },
  };
}

function requestSchema(command: NgCommand): JsonSchema {
  const rows = NG_KEY_TABLE.filter((row) => row.commands.includes(command) && row.name !== 'command');
  return {
    type: 'object',
    description: NG_COMMAND_ROWS[command].help,
    properties: {
      command: { const: command },
      ...Object.fromEntries(rows.map((row) => [row.name, keySchema(row, command)])),
    },
    required: ['command', ...NG_COMMAND_ROWS[command].needs, ...(command === 'play DTMF' ? ['code'] : [])],
  };
}

function keySchema(row: KeyRow, command: NgCommand): JsonSchema {
  const known = row.name === 'flags' ? flagsOf(command) : row.known;
  return {
    description: row.effect === 'done' ? row.help : `${row.help} (not done)`,
    ...(known.length > 0 && { examples: row.kind === 'words' ? [known] : known }),
    ...(row.name === 'pause' && command === 'stop recording' ? KINDS.switch : KINDS[row.kind]),
  };
}

const flagsOf = (command: NgCommand): string[] =>
  NG_FLAG_TABLE.filter((row) => row.effect === 'done' && row.commands.includes(command)).map((row) => row.name);

const replySchema = (command: NgCommand): JsonSchema => ({ anyOf: [doneSchema(command), ref('error'), ref('load-limit')] });
