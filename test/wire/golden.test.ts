/** The original's answers, line by line: what rtpproxy 3.2 said, we say, but for what is listed here. */
import { equal, fail } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { UdpControl } from '../rig/control.js';
import { startRelay } from '../rig/relay.js';
import { ReplyCheck } from './transcript/reply.js';
import { type Group, parseTranscript } from './transcript/text.js';

const BOUND = { timeout: 30_000 };
const FILE = 'original/answers.txt';
const GROUPS = parseTranscript(FILE, readFileSync(new URL(`../../../test/wire/transcript/${FILE}`, import.meta.url), 'utf8'));
/** An answer to U and L begins with a port; five digits in the recording, and nothing else there has so many. */
const RECORDED_PORT = /\b(20\d{3})\b/g;

type Difference = { readonly ours: readonly string[]; readonly why: string };

/** Where our answer is meant to be another one, by command. Ports as in the recording. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'VF 20170313': { ours: ['1'], why: 'OpenSIPS asks for it, and the modifiers t and T that go with it are understood' },
  'Ut60 c26 127.0.0.1 1002 F;1': { ours: ['PORT 127.0.0.1'], why: 'the same' },
  'UZ20\xda\x0bVc96 c5 127.0.0.1 30000 F;1': {
    ours: ['PORT 127.0.0.1'],
    why: 'stray bytes that Kamailio sends by mistake do not cost the call its second stream',
  },
  'U c1 127.0.0.1 1002 F;1 T;1 xmlrpc:http://127.0.0.1:8000/RPC2': {
    ours: ['20222 127.0.0.1'],
    why: 'Kamailio 5.6 sends the socket without a tag: the call goes on',
  },
  Ib: {
    ours: ['sessions created: 12', 'active sessions: 12', 'active streams: 24', 'packets received: 0', 'packets transmitted: 0'],
    why: 'c5 and c26 are sessions here',
  },
  'Gv nsess_created nsess_destroyed ncmds_rcvd': {
    ours: ['nsess_created=12 nsess_destroyed=0 ncmds_rcvd=45'],
    why: 'the same',
  },
};

for (const group of GROUPS)
  for (const { title, exchanges } of group.sections)
    test(`[KC-18] the original's answers: ${title}`, BOUND, async (t) => {
      const relay = await startRelay(relayOptions(group));
      t.after(() => relay.stop());
      const control = await UdpControl.to(relay.control[0]!);
      t.after(() => control.close());
      const check = new ReplyCheck(relay.media);
      const problems: string[] = [];
      for (const { line, command, reply } of exchanges) {
        const difference = DIFFERENCES[command];
        const expected = (difference?.ours ?? reply).map(withPlaceholders);
        const answer = (await control.ask(command, { timeoutMs: 3_000 })).split('\n');
        const wrong = expected.map((text, n) => check.problem(text, answer[n] ?? '')).find((problem) => problem !== null);
        if (wrong === undefined && answer.length === expected.length) continue;
        const note = difference === undefined ? '' : ` (a difference of ours: ${difference.why})`;
        problems.push(`${FILE}:${line} ${command}: expected ${expected.join(' | ')}${note}, got ${answer.join(' | ')}`);
      }
      if (problems.length > 0) fail([`${problems.length} of ${exchanges.length} answers differ:`, ...problems].join('\n'));
    });

test('every difference is one of a line that was recorded, and really differs', () => {
  const recorded = new Map(
    GROUPS.flatMap(({ sections }) => sections.flatMap(({ exchanges }) => exchanges)).map((e) => [e.command, e]),
  );
  for (const [command, { ours }] of Object.entries(DIFFERENCES)) {
    equal(recorded.has(command), true, command);
    equal(recorded.get(command)!.reply.join('\n') === ours.join('\n'), false, command);
  }
});

/** The ports of the recording become names, so that what was one port there must be one here; a second may pass. */
const withPlaceholders = (text: string): string => text.replace(RECORDED_PORT, 'PORT:p$1').replace(/^60 /, 'TTL ');

/** `-l` is an option of the rig, the others are passed on. */
function relayOptions({ options }: Group): { address: string; args: readonly string[] } {
  const at = options.indexOf('-l');
  return { address: options[at + 1]!, args: [...options.slice(0, at), ...options.slice(at + 2)] };
}
