import type { JsonSchema } from './replySchemas.js';
import { NG_COMMANDS } from './request.js';
import { ngJsonSchema, schemaName } from './schema.js';

const REFERENCES = '#/components/schemas/';
const text = (description: string): JsonSchema => ({ description, content: { 'text/plain': { schema: { type: 'string' } } } });

/** What any of the paths may answer instead. */
const REFUSED = {
  '401': { description: 'no bearer token, or none that is known' },
  '403': { description: 'the address of the client, or the origin of its page, is not allowed' },
  '413': { description: 'the body is too large' },
};

/**
 * An OpenAPI 3.1 document of NG over HTTP. `version`: of the relay; `event`: the schema of one event of a call, as it is sent by `GET /events` and
 * posted to webhooks. The other schemas are those of `ngJsonSchema`: OpenAPI 3.1 has the same dialect, and another place for them.
 */
export function openApiDocument(version: string, event: JsonSchema = { type: 'object' }): JsonSchema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'rtpbridge',
      version,
      description: 'The NG protocol over HTTP: session descriptions in, session descriptions out',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    security: [{ bearer: [] }],
    paths: { '/ng-plain': { post: plain() }, '/ng': { post: cookied() }, '/events': { get: events() }, '/ping': { get: ping() } },
    webhooks: { event: { post: webhook() } },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'where the relay was given tokens' } },
      schemas: { ...(relocated(ngJsonSchema()['$defs']) as JsonSchema), event: withoutDialect(event) },
    },
  };
}

const component = (name: string): JsonSchema => ({ $ref: `${REFERENCES}${name}` });

function plain(): JsonSchema {
  const mapping = Object.fromEntries(NG_COMMANDS.map((command) => [command, `${REFERENCES}${schemaName(command)}-request`]));
  return {
    operationId: 'request',
    summary: 'One request, and its reply',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: { ...component('request'), discriminator: { propertyName: 'command', mapping } } },
        'application/x-rtpengine-ng-plain': { schema: { type: 'string', description: 'bencode or JSON' } },
      },
    },
    responses: {
      '200': {
        description: 'The reply, in the encoding of the request. Errors of the protocol are replies too.',
        content: { 'application/json': { schema: component('reply') } },
      },
      ...REFUSED,
    },
  };
}

function cookied(): JsonSchema {
  const schema = { type: 'string', description: 'COOKIE, a blank, and bencode or JSON' };
  return {
    operationId: 'requestWithCookie',
    summary: 'One request with a cookie: said again, it is answered again, and not carried out again',
    requestBody: { required: true, content: { 'application/x-rtpengine-ng': { schema } } },
    responses: {
      '200': { description: 'The cookie and the reply', content: { 'application/x-rtpengine-ng': { schema } } },
      ...REFUSED,
    },
  };
}

function events(): JsonSchema {
  const schema = { type: 'string' };
  return {
    operationId: 'events',
    summary: 'The events of the calls of a controller, as they happen',
    parameters: [
      { name: 'controller', in: 'query', required: true, schema, description: 'as in the key `controller` of the offer' },
      {
        name: 'after',
        in: 'query',
        schema: { type: 'integer', minimum: 0 },
        description: 'number of the last event that was received',
      },
      { name: 'Last-Event-ID', in: 'header', schema, description: 'the same, as browsers say it when they connect again' },
    ],
    responses: {
      '200': {
        description: 'Server-sent events: `id` is the number of the event, `event` its name, `data` a JSON object',
        content: {
          'text/event-stream': {
            schema: {
              ...schema,
              contentMediaType: 'application/json',
              contentSchema: component('event'),
              description: 'of `data`',
            },
          },
        },
      },
      ...REFUSED,
    },
  };
}

/** What is posted to an address that `notify` or the settings name. */
function webhook(): JsonSchema {
  const header = (name: string, description: string): JsonSchema => ({
    ...{ name, in: 'header', description, schema: { type: 'string' } },
  });
  return {
    operationId: 'event',
    summary: 'One event, until it is answered with 2xx, or refused with 4xx (but 408 and 429)',
    parameters: [
      header('X-Rtpbridge-Event', 'its name'),
      header('X-Rtpbridge-Event-Id', 'the same whenever it is sent again'),
      header(
        'X-Rtpbridge-Signature',
        't=SECONDS,v1=HMAC: of the secret of the settings, SHA-256 in hexadecimal of SECONDS, a full stop and the body',
      ),
    ],
    requestBody: { required: true, content: { 'application/json': { schema: component('event') } } },
    responses: { '200': { description: 'It has arrived' } },
  };
}

/** The document says it once for all. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema;
  return rest;
}

const ping = (): JsonSchema => ({
  ...{
    operationId: 'ping',
    summary: 'Whether the relay is there',
    security: [],
    responses: { '200': text('`pong` and a line end') },
  },
});

/** The same with references into `components`. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string' ? each.replace('#/$defs/', REFERENCES) : relocated(each),
    ]),
  );
}
