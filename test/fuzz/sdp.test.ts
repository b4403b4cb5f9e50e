/** Session descriptions of strangers. */
import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSdp } from '../../src/protocol/sdp/parse.js';
import { rewriteSdp } from '../../src/protocol/sdp/rewrite.js';
import { descriptions, plans } from '../property/sdp/descriptions.js';
import { PAIRS } from '../pure/sdp/pairs.js';
import { printed, textsOf } from '../pure/sdp/sdpGiven.js';
import { damaged, damages, FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';
import { latin1 } from './commands.js';

const LIMIT_MS = 20;
const TEXTS = PAIRS.map((pair) => textsOf(pair).before);

test(
  'any bytes are refused in one line, or read, written as they were and rewritten into what can be read',
  FUZZ_BOUND,
  async (t) => {
    const nearly = fc
      .tuple(fc.constantFrom(...TEXTS), damages(40))
      .map(([text, list]) => latin1(damaged(Buffer.from(text, 'latin1'), list)));
    const pieces = fc.array(
      fc.constantFrom(
        ...[
          'v=0',
          'm=audio ',
          '4000 ',
          'RTP/AVP ',
          '0 ',
          'c=IN IP4 ',
          '0.0.0.0',
          'a=',
          'rtcp:',
          'fmtp:',
          'mid:',
          '\r',
          '\n',
          ' ',
        ],
      ),
      { maxLength: 80 },
    );
    const begun = pieces.map((list) => `v=0\r\nm=audio 4000 RTP/AVP 0\r\n${list.join('')}`);
    const texts = fc.oneof({ weight: 4, arbitrary: nearly }, begun, descriptions, fc.uint8Array({ maxLength: 200 }).map(latin1));
    const property = ([text, plan]: readonly [string, Parameters<typeof rewriteSdp>[1]]): void => {
      const result = parseSdp(text);
      if (!result.ok) {
        match(result.error, /^[^\r\n]{1,300}$/);
        return;
      }
      equal(printed(result.value), text);
      isQuick(LIMIT_MS, () => rewriteSdp(result.value, plan));
      const after = parseSdp(rewriteSdp(result.value, plan));
      ok(after.ok, after.ok ? '' : after.error);
      equal(after.value.media.length, result.value.media.length);
    };
    await search(t, fc.tuple(texts, plans), property, parserSeconds());
  },
);
