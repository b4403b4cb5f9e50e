/** Commands are read as what they were written from. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from '../../src/protocol/rtpproxy/parse.js';
import { FULL_GRAMMAR } from '../pure/rtpproxyGiven.js';
import { manners, printCommand, rtpproxyCommands } from './rtpproxyCommands.js';
import { runs } from './runs.js';

test('[CW-21 CW-39] any command that is written is read as the same, in every order, case and spacing', () => {
  const property = fc.property(rtpproxyCommands(), manners(), (command, manner) => {
    const text = printCommand(command, manner);
    const wanted = { ok: true, value: structuredClone(command) }; // A plain object, which generated ones are not.
    deepEqual(parseCommand(text, FULL_GRAMMAR), wanted, text);
    deepEqual(parseCommand(`${manner.blank}${text}${manner.blank}`, FULL_GRAMMAR), wanted, text);
  });
  fc.assert(property, { numRuns: runs(2000) });
});
