import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupCommit } from '../../src/relay/events/groupCommit.js';

/** A log that counts: how many records wait, how many were flushed. */
function countingLog() {
  const log = {
    records: 0,
    flushed: 0,
    get waiting() {
      return log.records > 0;
    },
    append: () => {
      log.records++;
    },
    flush: () => {
      log.flushed += log.records;
      log.records = 0;
    },
    close: () => {},
  };
  return log;
}

test('an idle log asks for nothing', () => {
  const commit = new GroupCommit(countingLog());
  assert.equal(commit.isDue, false);
  assert.equal(commit.turn(1000), Number.POSITIVE_INFINITY);
});

test('records that come together are flushed together, five milliseconds after the first was noticed', () => {
  const log = countingLog();
  const commit = new GroupCommit(log);
  log.records = 1;
  assert.equal(commit.isDue, true);
  assert.equal(commit.turn(1000), 1005);
  assert.equal(commit.isDue, false, 'the time is set');
  log.records = 2;
  assert.equal(commit.turn(1004), 1005, 'and later records do not move it');
  assert.equal(log.flushed, 0);
  assert.equal(commit.turn(1005), Number.POSITIVE_INFINITY);
  assert.equal(log.flushed, 2);
});

test('the next record starts the time anew', () => {
  const log = countingLog();
  const commit = new GroupCommit(log);
  log.records = 1;
  commit.turn(1000);
  commit.turn(1007);
  log.records = 1;
  assert.equal(commit.turn(2000), 2005);
});

test('what somebody else has flushed meanwhile is not waited for', () => {
  const log = countingLog();
  const commit = new GroupCommit(log);
  log.records = 1;
  assert.equal(commit.turn(1000), 1005);
  log.flush();
  assert.equal(commit.turn(1002), Number.POSITIVE_INFINITY);
  log.records = 1;
  assert.equal(commit.isDue, true);
  assert.equal(commit.turn(1004), 1009, 'and the next record has its whole time');
});
