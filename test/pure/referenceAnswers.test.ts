/** How rtpproxy 3.2 answers odd lines, as far as its parser decides: `OK` where it carries the command out, or looks for the session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Grammar, PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';

function answers(table: readonly (readonly [string, string])[], grammar: Grammar): void {
  for (const [text, wanted] of table) {
    const result = parseCommand(text, grammar);
    assert.equal(result.ok ? 'OK' : result.error, wanted, text);
  }
}

test('[KC-18] lines answered with one IPv4 network and nothing else configured', () => {
  const table = [
    ['V', 'OK'],
    ['Uc0,8,101 c1 127.0.0.1 30000 F;1', 'OK'],
    ['Uc c2 127.0.0.1 30006 F;5', 'E14'],
    ['UZc0 c3 127.0.0.1 30000 F;1', 'E13'],
    ['UZ20c0 c4 127.0.0.1 30000 F;1', 'OK'],
    ['U66c0 c7 2001:db8::10 1002 F;2', 'E36'],
    ['UI c9 127.0.0.1 1002 F;1', 'E12'],
    ['UIE c10 127.0.0.1 1002 F;1', 'E12'],
    ['US c11 127.0.0.1 1002 F;1', 'OK'],
    ['U c12;z9hG4bK1 127.0.0.1 1002 F;1', 'OK'],
    ['U c13 127.0.0.1 0 F;1', 'OK'],
    ['U c14 0.0.0.0 30000 F;1', 'OK'],
    ['Lc0 c1 127.0.0.1 31000 F;1 T;1', 'OK'],
    ['Q c1 F', 'OK'],
    ['Q c1 F;1 ;1', 'OK'],
    ['Q c1 F;1 T;1 ttl npkts_ina npkts_ino nrelayed ndropped', 'OK'],
    ['P-1 c1 /nonexist session F;1 T;1', 'OK'],
    ['P3 c1 /nonexist session F;1 ', 'OK'],
    ['S c1 F;1 ', 'OK'],
    ['R c1 F T', 'OK'],
    ['C c1 udp:127.0.0.1:40000 F;1 T;1', 'OK'],
    ['U c20 127.0.0.1 1002 F;1 xmlrpc:http://127.0.0.1:8000/RPC2', 'OK'],
    ['U c21 127.0.0.1 1002 F;1 tcp:127.0.0.1:9 tag', 'E75'],
    ['U c22 127.0.0.1 1002 F;1 /tmp/x.sock r%201', 'E75'],
    ['U c23 127.0.0.1 1002 F;1 sock;tag', 'OK'],
    ['UR127.0.0.1 c24 127.0.0.1 16100 F', 'OK'],
    ['UL127.0.0.1 c25 127.0.0.1 16100 F', 'OK'],
    ['LL127.0.0.1Z20 nosuch2 192.0.2.2 4002 T;1 F;1', 'OK'],
    ['RNone c1 F T', 'E7'],
    ['Ib', 'OK'],
    ['Gv nsess_created nsess_destroyed ncmds_rcvd', 'OK'],
    ['G nosuch', 'OK'],
    ['X1', 'E2'],
    ['Foo', 'E0'],
    ['D c4 T F', 'OK'],
    ['N c9 F T', 'OK'],
  ] as const;
  answers(table, PLAIN_GRAMMAR);
});

test('[KC-18] lines answered with bridging between two IPv4 networks and a notification socket', () => {
  const table = [
    ['UI c9 127.0.0.1 1002 F;1', 'OK'],
    ['LI c9 127.0.0.1 1004 F;1 T;1', 'OK'],
    ['UE c9b 127.0.0.1 1002 F;1', 'OK'],
    ['UIE c10 127.0.0.1 1002 F;1', 'OK'],
    ['LEI c11 127.0.0.1 1004 F;1 T;1', 'OK'],
    ['UII c12 127.0.0.1 1002 F;1', 'OK'],
    ['UEE c13 127.0.0.1 1002 F;1', 'OK'],
    ['UIEI c14 127.0.0.1 1002 F;1', 'E12'],
    ['U c21 127.0.0.1 1002 F;1 tcp:127.0.0.1:17799 tag', 'OK'],
    ['U c22 127.0.0.1 1002 F;1 tcp:127.0.0.1:1 tag', 'OK'],
    ['U c23 127.0.0.1 1002 F;1 T;1 tcp:127.0.0.1:17799', 'OK'],
    ['U c25 127.0.0.1 1002 F;1 tcp:127.0.0.1:17799 bad%zz', 'E10'],
  ] as const;
  answers(table, { ...PLAIN_GRAMMAR, bridging: true, notify: true });
});

test('[KC-05 KC-18] lines answered with bridging between IPv4 and IPv6', () => {
  const table = [
    ['UIE c1 127.0.0.1 30000 F;1', 'OK'],
    ['LIE6 c1 ::1 31000 F;1 T;1', 'OK'],
    ['UEI6 c2 ::1 30000 F;1', 'OK'],
    ['LEI c2 127.0.0.1 31000 F;1 T;1', 'OK'],
    ['UEI66 c3 ::1 1002 F;2', 'OK'],
    ['U6 c4 ::1 1000 F;1', 'OK'],
  ] as const;
  answers(table, { ...PLAIN_GRAMMAR, bridging: true, ipv6: true });
});

test('[CW-13 CW-23 CW-37] lines that the original refuses and we do not', () => {
  const table = [
    ['UZ20\xda\x0bVc96 c5 127.0.0.1 30000 F;1', 'OK'],
    ['Ut60 c26 127.0.0.1 1002 F;1', 'OK'],
    ['U c1 127.0.0.1 1002 F;1 T;1 xmlrpc:http://127.0.0.1:8000/RPC2', 'OK'],
  ] as const;
  answers(table, PLAIN_GRAMMAR);
});
