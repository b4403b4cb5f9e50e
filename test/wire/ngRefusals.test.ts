/** Whom the media threads refuse as a client of their NG sockets. */
import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { UdpControl } from '../rig/control.js';
import { openNgRelay } from '../rig/ngClient.js';
import { PING, PONG } from '../rig/ngScene.js';
import { writeSettings } from '../rig/settingsFile.js';

test('who is not on the list is refused by the media threads without an answer, and a flood of that is a line of the log', {
  timeout: 30_000,
}, async (t) => {
  const settings = await writeSettings(t, 'control:\n  allow: [127.0.0.1]\n');
  const { relay, port } = await openNgRelay(t, { args: ['--settings', settings.path, '--workers', '1'] });
  const friend = await UdpControl.open('127.0.0.1', port);
  const stranger = await UdpControl.open('127.0.0.1', port, '127.0.0.66');
  t.after(() => {
    friend.close();
    stranger.close();
  });
  for (let n = 0; n < 2_000; n++) stranger.send(`${n} ${PING}`);
  equal(await Promise.race([stranger.receive(), delay(300, 'nothing')]), 'nothing');
  equal(await friend.ask(PING), PONG);
  const lines = relay
    .stderr()
    .split('\n')
    .filter((line) => line.includes('127.0.0.66'));
  equal(lines.length, 1, lines.join('\n'));
  match(
    lines[0] ?? '',
    new RegExp(`NG socket udp:127\\.0\\.0\\.1:${port}: 127\\.0\\.0\\.66 was refused: its address is not among`),
  );
  ok(relay.running());
});
