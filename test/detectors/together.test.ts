import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidatesOr, clear, type Detection, insufficient, notApplicable } from '../../src/detectors/detector.ts';
import { memberSlow } from '../../src/detectors/member.ts';
import { together } from '../../src/detectors/together.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { detect, onlyCandidate } from './expectation.ts';

const CANDIDATE = onlyCandidate(
  memberSlow,
  makeRecording({})
    .compare({ member: { web2: 90_000 } })
    .build(),
);
const FOUND = candidatesOr([CANDIDATE], '');
const MORE = insufficient('ten days', 'two');

function joined(first: Detection, second: Detection): Detection {
  const of = (detection: Detection) => ({ cause: 'change/latency' as const, detect: () => detection });
  return detect(together(of(first), of(second)), makeRecording({}).compare().build());
}

test('candidates of both count, and those of one alone', () => {
  const both = joined(FOUND, FOUND);
  assert.equal(both.state === 'candidates' && both.candidates.length, 2);
  assert.equal(joined(FOUND, clear('level')), FOUND);
  assert.equal(joined(MORE, FOUND), FOUND);
});

const SILENT: readonly (readonly [Detection, Detection, Detection])[] = [
  [clear('no step'), clear('no trend'), clear('no step; no trend')],
  [clear('no step'), MORE, clear('no step; to tell more it takes ten days; there is: two')],
  [insufficient('a day', 'an hour'), clear('no trend'), insufficient('a day', 'an hour; no trend')],
  [notApplicable('no history'), notApplicable('no history'), notApplicable('no history')],
];

for (const [first, second, want] of SILENT) {
  test(`where nothing is found the first says whether it is clear (${first.state}, ${second.state})`, () =>
    assert.deepEqual(joined(first, second), want));
}
