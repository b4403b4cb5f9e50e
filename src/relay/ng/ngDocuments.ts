import { openApiDocument } from '../../protocol/ng/openApi.js';
import { ngJsonSchema } from '../../protocol/ng/schema.js';
import { CALL_EVENT_SCHEMA } from '../callEvents/schema.js';

/** What programs can read of the interface, as indented JSON that ends with a line end. */
export type NgDocument = 'schema' | 'openapi' | 'events';

/** `schema`: JSON Schema of requests and replies; `openapi`: the interface over HTTP; `events`: JSON Schema of events. `version`: of the relay. */
export function ngDocument(which: NgDocument, version: string): string {
  return `${JSON.stringify(contentOf(which, version), null, 2)}\n`;
}

function contentOf(which: NgDocument, version: string): unknown {
  switch (which) {
    case 'schema':
      return ngJsonSchema();
    case 'openapi':
      return openApiDocument(version, CALL_EVENT_SCHEMA);
    case 'events':
      return CALL_EVENT_SCHEMA;
  }
}
