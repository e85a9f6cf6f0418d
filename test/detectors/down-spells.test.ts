import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { connectionRefused, droppedBeforeResponse } from '../../src/detectors/connection.ts';
import { downSpells } from '../../src/detectors/down-spells.ts';
import type { Recording } from '../../src/model/recording.ts';
import { makeRecording, type Responder, refused, reset, sometimes } from '../helpers/make-recording.ts';
import { detect, onlyCandidate } from './candidates.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
const DOWN_US = 700_000;

/** Down for 0.7 s in every 2.6 s, cutting the last request that it had. */
const flapping: Responder = ({ atUs }) => {
  const phase = atUs % 2_600_000;
  if (phase >= 1_900_000 && phase < 1_900_000 + DOWN_US) return refused();
  return phase >= 1_850_000 && phase < 1_900_000 ? reset(4_000) : 10_000;
};

function farm(web2: Responder, newConnectionRatio = 0.5, seed = 4): Recording {
  return makeRecording({ seed, noise: 1, members: MEMBERS })
    .compare({ member: { web2 }, durationUs: 14_500_000, newConnectionRatio, gateway: 12_000 })
    .build();
}

describe('a member that goes down and comes back', () => {
  test('its spells are counted, and what it cut when it went belongs to them', () => {
    const recording = farm(flapping);
    const spells = downSpells(createMeasures(recording), 'web2');
    assert.equal(spells?.count, 5);
    const resets = recording.exchanges.filter(
      ({ outcome }) => outcome.kind === 'connection-error' && outcome.code === 'reset',
    );
    assert.ok(resets.length >= 5);
    assert.deepEqual(
      [...(spells?.cut ?? [])],
      resets.map(({ seq }) => seq),
    );
    const candidate = onlyCandidate(connectionRefused, recording);
    assert.match(
      candidate.title,
      /^web2 goes down and comes back: it refused \d+ of \d+ attempts to connect, in 5 spells, and answered in between\./,
    );
    assert.match(candidate.meaning, /Requests that it cut when it went down: \d+\. It is restarted, crashes/);
    for (const { seq } of resets) assert.ok(candidate.explains.has(seq));
    assert.equal(detect(droppedBeforeResponse, recording).state, 'clear');
  });

  test('resets that no closed port follows stay a finding of their own', () => {
    const both: Responder = (ask) =>
      ask.atUs % 2_600_000 < 1_700_000 && ask.random.next() < 0.1
        ? reset(4_000)
        : (flapping as (a: typeof ask) => number)(ask);
    const candidate = onlyCandidate(droppedBeforeResponse, farm(both));
    assert.equal(candidate.scope.member, 'web2');
  });

  test('one spell', () => {
    const once: Responder = ({ atUs }) => (atUs > 9_000_000 ? refused() : 10_000);
    assert.match(onlyCandidate(connectionRefused, farm(once)).title, /in one spell, and answered before or after/);
  });

  const none: readonly { readonly title: string; readonly web2: Responder }[] = [
    {
      title: 'refused at random, as where one of two machines behind an address is down',
      web2: sometimes(0.4, refused(), 10_000),
    },
    { title: 'refused always', web2: refused() },
    { title: 'never refused', web2: 10_000 },
  ];
  for (const { title, web2 } of none) {
    test(`no spells: ${title}`, () => {
      for (let seed = 1; seed <= 40; seed++)
        assert.equal(downSpells(createMeasures(farm(web2, 0.5, seed)), 'web2'), undefined, `seed ${seed}`);
    });
  }
});
