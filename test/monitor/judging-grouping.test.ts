/** One event is told once: what a look says of findings that another finding of the same place explains. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseId } from '../../src/model/causes.ts';
import type { Finding, Scope } from '../../src/model/finding.ts';
import type { FindingRecord } from '../../src/model/history.ts';
import type { Judged } from '../../src/monitor/judged-span.ts';
import { findingId, stepFindings } from '../../src/monitor/judging.ts';
import { FROM_AT_US, HOUR_US } from '../helpers/synthetic-history.ts';

const NOW = FROM_AT_US + 24 * HOUR_US;
const WEB1: Scope = { route: 'direct', member: 'web1' };
const WEB2: Scope = { route: 'direct', member: 'web2' };

function findingOf(cause: CauseId, scope: Scope = WEB1): Finding {
  return {
    ...{ cause, scope, severity: 'error', confidence: 'likely', meaning: '', measured: {}, rivals: [], exhibits: [] },
    title: `${cause} at ${scope.member}.`,
    remedy: { steps: [], commands: [], howToVerify: '' },
  };
}

function openRecord(cause: CauseId, more: Partial<FindingRecord> = {}): FindingRecord {
  const finding = findingOf(cause);
  const firstSeenAtUs = NOW - 2 * HOUR_US;
  return {
    ...{ id: findingId('shop', finding), profile: 'shop', finding, firstSeenAtUs, lastSeenAtUs: NOW - HOUR_US / 12 },
    ...{ timesSeen: 24, openedAtUs: firstSeenAtUs, ...more },
  };
}

const judged = (...findings: readonly Finding[]): Judged => ({ findings, detectors: [] });
const step = (known: readonly FindingRecord[], lately: Judged) =>
  stepFindings({ profile: 'shop', nowAtUs: NOW, known, lately });

test('errors of a member are held back while it is told that it goes up and down', () => {
  const flapping = openRecord('member/flapping');
  const changes = step([flapping], judged(findingOf('member/errors'), findingOf('member/errors', WEB2)));
  assert.deepEqual(
    changes.map(({ record }) => [record.finding.cause, record.finding.scope.member]),
    [['member/errors', 'web2']],
  );
});

test('errors of a member that were told go on as its going up and down', () => {
  const errors = openRecord('member/errors');
  const changes = step([errors], judged(findingOf('member/flapping')));
  assert.deepEqual(
    changes.map(({ record, event }) => [record.finding.cause, record.closedAtUs, event?.toAtUs]),
    [
      ['member/flapping', undefined, undefined],
      ['member/errors', NOW, NOW],
    ],
  );
  assert.match(
    changes[1]?.event?.title ?? '',
    /^member\/errors at web1\. From now on it is told as member\/flapping, /,
  );
  assert.equal(changes[1]?.event?.facts['explainedBy'], 'member/flapping');
});

test('errors are told again once nobody says any more that the member goes up and down', () => {
  const over = openRecord('member/flapping', { closedAtUs: NOW - HOUR_US });
  const [change] = step([over], judged(findingOf('member/errors')));
  assert.equal(change?.event?.cause, 'member/errors');
});
