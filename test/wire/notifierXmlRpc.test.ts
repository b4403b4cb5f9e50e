import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../rig/notifyListener.js';
import { CALL, numbered, openScene, startProxy } from '../rig/notifyScene.js';

const BOUND = { timeout: 30_000 };

const DONE = '<?xml version="1.0"?><methodResponse><params><param><value>0</value></param></params></methodResponse>';
const fault = (reason: string): string =>
  `<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>404</int></value></member>` +
  `<member><name>faultString</name><value><string>${reason}</string></value></member></struct></value></fault></methodResponse>`;
const stringsOf = (body: string): string[] => [...body.matchAll(/<string>(.*?)<\/string>/gs)].map(([, text]) => text!);

test('[KM-19] an xmlrpc target is asked to end the dialog: Call-ID and tags as SIP knows them', BOUND, async (t) => {
  const { notifier, warnings } = await openScene(t);
  const proxy = await startProxy(t, () => [200, DONE]);
  notifier.send(proxy.target, 'r 1', CALL);
  notifier.send(proxy.target, 'r 2', { callId: 'a<b>&"c\'\xe9@h;z9hG4bK.1', fromTag: '&amp', toTag: null });
  await until('two requests', () => proxy.requests.length === 2);
  const [first, second] = proxy.requests;
  equal(`${first!.head.method} ${first!.head.url}`, 'POST /RPC2');
  equal(first!.head.headers['content-type'], 'text/xml');
  match(first!.body, /^<\?xml version="1\.0"\?>\n<methodCall><methodName>dlg\.terminate_dlg<\/methodName><params><param>/);
  deepEqual(stringsOf(first!.body), ['call-1@192.0.2.1', 'f1', 't1']);
  deepEqual(stringsOf(second!.body), ['a&lt;b&gt;&amp;"c\'\xe9@h', '&amp;amp', '']);
  equal(proxy.count(), 1, 'one connection serves for both');
  deepEqual(warnings, []);
});

test('[KM-19] an xmlrpc target that fails is asked again; one that refuses is not', BOUND, async (t) => {
  const { notifier, warnings } = await openScene(t);
  const answers = [
    [503, ''],
    [200, DONE],
    [200, fault('Dialog not found')],
    [200, fault('Internal error')],
  ] as const;
  const proxy = await startProxy(t, (turn) => answers[turn - 1]!);
  for (const line of numbered(3)) notifier.send(proxy.target, line, CALL);
  await until('a warning', () => warnings.length === 1);
  deepEqual(warnings, [`notify xmlrpc:${proxy.target.url}: "r 2" not delivered: Internal error`]);
  equal(proxy.requests.length, 4);
  notifier.send(proxy.target, 'D 1', null);
  await until('a warning', () => warnings.length === 2);
  match(warnings[1]!, /"D 1" not delivered: over XML-RPC it can only be told that a call has ended/);
  equal(proxy.requests.length, 4);
});

test('[KM-19] an xmlrpc target that is not there, or is no URL, is given up with a warning', BOUND, async (t) => {
  const { notifier, warnings, port } = await openScene(t);
  notifier.send({ kind: 'xmlrpc', url: `http://127.0.0.1:${port}/RPC2` }, 'r 1', CALL);
  notifier.send({ kind: 'xmlrpc', url: 'ftp://127.0.0.1/RPC2' }, 'r 2', CALL);
  notifier.send({ kind: 'xmlrpc', url: 'nonsense' }, 'r 3', CALL);
  await until('three warnings', () => warnings.length === 3);
  for (const [line, reason] of [
    ['r 1', 'ECONNREFUSED'],
    ['r 2', 'ftp:'],
    ['r 3', 'Invalid URL'],
  ] as const) {
    ok(
      warnings.some((text) => text.includes(`"${line}"`) && text.includes(reason)),
      `${line}: ${warnings.join('\n')}`,
    );
  }
});

test('[KM-19] an xmlrpc target that does not answer for five seconds, or breaks off, is asked again', BOUND, async (t) => {
  const { notifier, warnings } = await openScene(t);
  const proxy = await startProxy(t, (turn) => (['nothing', 'half'] as const)[turn - 1] ?? [200, DONE]);
  notifier.send(proxy.target, 'r 1', CALL);
  await until('a third request', () => proxy.requests.length === 3, 10_000);
  equal(proxy.count(), 3, 'each over another connection');
  deepEqual(warnings, []);
});
