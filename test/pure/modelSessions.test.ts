import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES } from '../../src/protocol/rtpproxy/errors.js';
import { PureRelay, settingOf } from '../property/pureRelay.js';

/**
 * Plays a transcript: `> command`, `< reply`. P1, P2, … stand for ports, the same name for the same port and different names for
 * different ones; `... N` lets so many seconds pass.
 */
function play(relay: PureRelay, transcript: string): void {
  const ports = new Map<string, string>();
  let reply = '';
  let command = '';
  for (const line of transcript.trim().split('\n')) {
    const [kind, text] = [line.trim().slice(0, 2), line.trim().slice(2).trim()];
    if (kind === '> ') {
      command = text;
      reply = relay.send(text);
    } else if (kind === '< ' && /^P\d$/.test(text)) {
      const port = ports.get(text) ?? reply;
      assert.match(port, /^\d+ 127\.0\.0\.1$/, command);
      assert.equal(reply, port, command);
      for (const [name, other] of ports) assert.ok(name === text || other !== port, `${name} and ${text} are both ${port}`);
      ports.set(text, port);
    } else if (kind === '< ') assert.equal(reply, text.replaceAll('\\n', '\n'), command);
    else relay.advance(Number(line.trim().slice(4)) * 1000);
  }
}

const relay = (pairs = 20): PureRelay => new PureRelay(settingOf(pairs, 60_000, 60_000));
const shows = (title: string, transcript: string, pairs?: number): unknown => test(title, () => play(relay(pairs), transcript));

shows(
  '[PN-18 SY-27 CW-14] offer, answer, re-INVITEs from either side, ACK and lookups get the ports that face the other side',
  `> Uc0,8,101 c1 127.0.0.1 30000 F;1
   < P1
   > Lc0 c1 127.0.0.1 31000 F;1 T;1
   < P2
   > Uc0 c1 127.0.0.1 30000 F;1 T;1
   < P1
   > Lc0 c1 127.0.0.1 31000 F;1 T;1
   < P2
   > Uc0 c1 127.0.0.1 31000 T;1 F;1
   < P2
   > Lc0 c1 127.0.0.1 31000 T;1 F;1
   < P1`,
);

shows(
  '[CW-14] a late offer: the callee speaks first, the caller answers in the ACK',
  `> U c1 127.0.0.1 31000 T F
   < P1
   > L c1 127.0.0.1 30000 T F
   < P2
   > U c1 127.0.0.1 30000 F T
   < P2`,
);

shows(
  '[CW-18] D from the side of the callee, without To tag, and twice',
  `> U c1 127.0.0.1 30000 F;1
   < P1
   > D c1 T F
   < 0
   > D c1 T F
   < E50
   > U c1 127.0.0.1 30000 F;1
   < P2
   > U c1 127.0.0.1 30000 F;2
   < P3
   > D c1 F
   < 0
   > D c1 F
   < E50`,
);

shows(
  '[CW-19 PN-21 SY-28] L finds by Call-ID and tags, answers 0 where there is nothing, and makes nothing',
  `> L nosuch 127.0.0.1 31000 F;1 T;1
   < 0
   > U c1 127.0.0.1 30000 F;1
   < P1
   > L c1 127.0.0.1 31000 F;9 T;9
   < 0
   > L c1 127.0.0.1 31000 F T
   < 0
   > I
   < sessions created: 1\\nactive sessions: 1\\nactive streams: 2\\npackets received: 0\\npackets transmitted: 0`,
);

shows(
  '[CW-20] hold in all its forms keeps the session and returns the port',
  `> U c1 127.0.0.1 30000 F
   < P1
   > U c1 0.0.0.0 30000 F T
   < P1
   > U c1 :: 30000 F T
   < P1
   > U c1 127.0.0.1 0 F T
   < P1
   > U held 0.0.0.0 30000 F
   < P2`,
);

shows(
  '[CW-17] the branch of a Call-ID is another call',
  `> U cid 127.0.0.1 30000 F
   < P1
   > U cid;z9hG4bK1 127.0.0.1 30000 F
   < P2
   > D cid;z9hG4bK1 F
   < 0
   > U cid 127.0.0.1 30000 F
   < P1`,
);

shows(
  'weak references: the session lives as long as one is held',
  `> Uw c 127.0.0.1 1 F
   < P1
   > U c 127.0.0.1 1 F
   < P1
   > D c F
   < 0
   > Dw c F
   < 0
   > Q c F
   < 60 0 0 0 0
   > Dw c other F
   < 0
   > Q c F
   < E50`,
);

shows(
  'Dw on a session that is held strongly only changes nothing',
  `> U c 127.0.0.1 1 F
   < P1
   > Dw c F
   < 0
   > U c 127.0.0.1 1 F
   < P1`,
);

shows(
  'Q gives five numbers, or those that are named, with names if it is told so',
  `> U c1 127.0.0.1 30000 F;1
   < P1
   > Q c1 F;1 T
   < 60 0 0 0 0
   > Q c1 T;1 F
   < 60 0 0 0 0
   > Q c1 F;1 ;1
   < 60 0 0 0 0
   > Qv c1 F;1
   < ttl=60 npkts_ina=0 npkts_ino=0 nrelayed=0 ndropped=0
   > Q c1 F;1 T;1 nrelayed ttl
   < 0 60
   > QV c1 F;1 T;1 nrelayed ttl
   < nrelayed=0 ttl=60
   ... 10
   > Q c1 F;1 T;1 ttl
   < 50`,
);

shows(
  'Q looks for the session first, then at its modifiers, then at the names',
  `> Qx nosuch F T nonsense
   < E50
   > U c1 127.0.0.1 30000 F
   < P1
   > Qx c1 F T nonsense
   < E19
   > Q c1 F T ttl nonsense
   < E62
   > Q c1 F T TTL
   < E62`,
);

shows(
  '[PN-34] a used-up range: E72 for a new call, E71 for an answer, and a port as soon as one is free',
  `> U c1 127.0.0.1 1 F
   < P1
   > U c2 127.0.0.1 1 F
   < P2
   > U c3 127.0.0.1 1 F
   < E72
   > L c1 127.0.0.1 1 F T
   < E71
   > U c1 127.0.0.1 1 T F
   < E71
   > U c1 127.0.0.1 1 F T
   < P1
   > D c2 F
   < 0
   > L c1 127.0.0.1 1 F T
   < P2`,
  2,
);

test('every error code that is listed can be had, but where no reply can be too long, without a route, or overloaded', () => {
  const small = relay(2);
  small.send('U c1 127.0.0.1 1 F');
  small.send('L c1 127.0.0.1 1 F T');
  const more = relay(1);
  more.send('U c1 127.0.0.1 1 F');
  const commands = ['Z', 'V x', 'V1', 'V && V', '', 'Dx c1 F', 'U c - 1 F s %', 'UE c - 1 F', 'UI c - 1 F', 'Uc c - 1 F', 'Ix']
    .concat(['Qx c1 F', 'Uy c - 1 F', 'U6 c - 1 F', 'U c localhost 1 F', 'D c F', 'Q c1 F T x', 'U c 127.0.0.1 1 F'])
    .concat(['U c - 1 F s t', 'Rp c1 F', 'Rx c1 F', 'Gx', 'G x', 'Uz c - 1 F', 'Ul c - 1 F', 'Ur c - 1 F', 'Px c1 p 0 F'])
    .concat(['Ul{x} c - 1 F', 'P c1 /nowhere 0 F', 'C c1 name F']);
  const had = new Set([...commands.map((command) => small.send(command)), more.send('L c1 127.0.0.1 1 F T')]);
  small.shard.isDraining = true;
  had.add(small.send('U new - 1 F'));
  const missing = Object.values(ERROR_CODES).filter((code) => !had.has(code));
  assert.deepEqual(missing, ['E25', 'E26', 'E32', 'E98']);
});
