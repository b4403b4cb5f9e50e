/** Commands and replies as clients see them: what the texts in `transcript/` say, over every kind of control socket. */
import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askOnce, LineClient, UdpControl } from '../rig/control.js';
import { startRelay } from '../rig/relay.js';
import { openRelay } from '../rig/relayScene.js';
import { ReplyCheck } from './transcript/reply.js';
import { parseTranscript } from './transcript/text.js';
import { playTranscript } from './transcript/transcript.js';

const BOUND = { timeout: 30_000 };
const FOLDER = fileURLToPath(new URL('../../../test/wire/transcript/', import.meta.url));

for (const file of readdirSync(FOLDER).sort())
  if (file.endsWith('.txt')) playTranscript(file, readFileSync(join(FOLDER, file), 'utf8'));

test('a transcript is read as it is written, and what makes no sense is refused by file and line', () => {
  const text = '# remark\n\n## [CW-01] one\n> V\\x20\\t\\\\\n< 1\n> I\n< a\n& b\n@ -l * PAIRS=2\n## two\n> X\n< 0\n';
  const [first, second] = parseTranscript('t', text);
  deepEqual(first!.options, ['-l', '127.0.0.1']);
  deepEqual(first!.sections, [
    {
      line: 3,
      title: '[CW-01] one',
      exchanges: [
        { line: 4, command: 'V \t\\', reply: ['1'] },
        { line: 6, command: 'I', reply: ['a', 'b'] },
      ],
    },
  ]);
  deepEqual([second!.options, second!.sections.length], [['-l', '*', 'PAIRS=2'], 1]);
  const bad = ['V', '> V', '## t\n> V\n> V\n< 1', '## t\n< 1', '## t\n> V\n& 1', '## t\n> V', '## t', '## t\n> \xe9\n< 1', '#t'];
  for (const wrong of bad) throws(() => parseTranscript('t', wrong), /^Error: t:\d /, wrong);
});

test('a reply is compared with what was written, and each placeholder can fail', () => {
  const check = new ReplyCheck({ min: 1000, max: 1009 });
  const fits = [
    'PORT:six ::1 6|1000 ::1 6',
    'PORT:a|1000',
    'PORT:a ::1 6|1000 ::1 6',
    'PORT:b|1002',
    'PORT|1000',
    'E1|E1',
    'TTL 0|59 0',
    'x=TTL:5|x=5',
  ];
  for (const pair of [...fits, 'INT FLOAT|12 0.000001', 'E*|E31', 'a: *|a: b c', 'PORT:a && PORT:b|1000 && 1002'])
    equal(check.problem(...(pair.split('|') as [string, string])), null, pair);
  const differs = [
    'PORT|1001',
    'PORT|998',
    'PORT|1010',
    'PORT:a|1002',
    'PORT:c|1000',
    'PORT|E71',
    'E1|E12',
    'E1|1E1',
    'TTL|58',
    'TTL|61',
  ];
  for (const pair of [...differs, 'TTL:5|60', 'INT|1.0', 'INT|', 'FLOAT|1', 'FLOAT|1.00000', 'PORT 127.0.0.1|1000', '1.1|1x1'])
    equal(typeof check.problem(...(pair.split('|') as [string, string])), 'string', pair);
  equal(typeof check.problem('PORT:d!a', '1000'), 'string', 'another port than the one that is left');
  equal(check.problem('PORT:d!a', '1004'), null);
  equal(check.problem('PORT:e', '1000'), null, 'what was left may be given out again');
});

test('[SY-07 SY-08 SY-09 SY-10 SY-11 SY-12] what one control socket has made is seen on all others', BOUND, async (t) => {
  const datagrams = ['udp:127.0.0.1:PORT', 'udp6:::1:PORT'];
  const streams = ['unix:DIR/one.sock', 'cunix:DIR/many.sock', 'tcp:127.0.0.1:PORT', 'tcp6:::1:PORT'];
  const relay = await startRelay({ control: [...datagrams, ...streams] });
  t.after(() => relay.stop());
  for (const [n, maker] of relay.control.entries()) {
    const made = await askOnce(maker, `U made-${n} 127.0.0.1 4000 f`);
    match(made, /^\d+ 127\.0\.0\.1$/, maker);
    for (const other of relay.control)
      equal(await askOnce(other, `U made-${n} 127.0.0.1 4000 f`), made, `made by ${maker}, asked by ${other}`);
    equal(await askOnce(relay.control[(n + 1) % relay.control.length]!, `D made-${n} f`), '0');
    equal(await askOnce(maker, `Q made-${n} f`), 'E50', maker);
  }
});

test('[CW-08] answers fit into the 255 bytes that Kamailio and OpenSIPS read, cookie and line end included', BOUND, async (t) => {
  const { control } = await openRelay(t);
  const names = ['npkts_ina', 'npkts_ino', 'rtpa_nsent', 'rtpa_nrcvd', 'rtpa_ndups', 'rtpa_nlost', 'rtpa_perrs', 'longest_ipi'];
  const call = `${'c'.repeat(200)} 127.0.0.1 4000 ${'f'.repeat(200)}`;
  const tags = `${'c'.repeat(200)} ${'f'.repeat(200)} t`;
  for (const command of [
    ...['V', 'VF 20050322', `U ${call}`, `L ${call} t && L 127.0.0.1 4000`, `U ${call} t && L 127.0.0.1 5000 && C nosuch f t`],
    ...[`Q ${tags}`, `Qv ${tags}`, `Qv ${tags} ${[...names, 'rtpa_jlast', 'rtpa_jmax', 'rtpa_javg'].join(' ')}`, `D ${tags}`],
  ]) {
    control.send(`${'x'.repeat(33)} ${command}`);
    const { text } = await control.receive();
    ok(text.length <= 255, `${text.length} bytes to ${command}`);
  }
});

test('[CW-11] VF answers 1 for exactly what -v prints', BOUND, async (t) => {
  const program = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
  const [basic, ...extensions] = execFileSync(process.execPath, [program, 'serve', '-v'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  equal(basic, 'Basic version: 20040107');
  const { control } = await openRelay(t, { args: ['-n', 'tcp:127.0.0.1:1'] });
  const printed = new Set<string>();
  for (const line of extensions) {
    const [, date = ''] = /^Extension (\d{8}): \S/.exec(line) ?? [];
    match(date, /^\d{8}$/, line);
    equal(await control.ask(`VF ${date}`), '1', line);
    printed.add(date);
  }
  for (const year of Array.from({ length: 23 }, (_, n) => 2004 + n))
    for (const day of ['0101', '0306', '0704', '1231'])
      if (!printed.has(`${year}${day}`)) equal(await control.ask(`VF ${year}${day}`), '0');
});

test(
  '[CW-23] stray bytes that part or end a command harm nobody else, and the next command is read as ever',
  BOUND,
  async (t) => {
    const relay = await startRelay({ control: ['udp:127.0.0.1:PORT', 'tcp:127.0.0.1:PORT'] });
    t.after(() => relay.stop());
    const udp = await UdpControl.to(relay.control[0]!);
    t.after(() => udp.close());
    for (const stray of [']\x00U', '\x00\x00\x00', '] U', '   ', ']\nU', '\n\n\n', '\r\n\t']) {
      const answer = await udp.ask(`UZ20${stray}c96 stray 192.0.2.10 30002 f;2`);
      match(answer, /^(E\d+|\d+ 127\.0\.0\.1)$/, JSON.stringify(stray));
      equal(await udp.ask('V'), '20040107');
    }
    const tcp = await LineClient.open(relay.control[1]!);
    t.after(() => tcp.close());
    tcp.send('UZ20]\nUc96 split 192.0.2.10 30002 f;2\nV\n');
    const [first, second, third] = await tcp.lines(3);
    deepEqual([first, third], ['E1', '20040107'], 'a line is a command, whatever was meant');
    match(second!, /^\d+ 127\.0\.0\.1$/);
    tcp.send('UZ20\x00\x01Uc96 nul 192.0.2.10 30002 f;2\nV\n');
    match((await tcp.lines(1))[0]!, /^(E\d+|\d+ 127\.0\.0\.1)$/);
    deepEqual(await tcp.lines(1), ['20040107']);
  },
);
