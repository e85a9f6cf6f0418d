import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { answerNotes } from '../../src/report/answer-notes.ts';
import { fails, makeRecording, OK, type Responder } from '../helpers/make-recording.ts';

const says =
  (status: number, location?: string): Responder =>
  () => ({
    us: 10_000,
    outcome: { ...OK, status },
    ...(location === undefined ? {} : { answer: { status, headers: { location } } }),
  });
/** Every third answer is a 500: failures are another's to explain. */
const failing: Responder = ({ index }) => ({ us: 10_000, outcome: { ...OK, status: index % 3 === 0 ? 500 : 200 } });

const ROWS: readonly (readonly [
  what: string,
  gateway: Responder,
  web1: Responder,
  web2: Responder,
  note: RegExp | undefined,
])[] = [
  ['all answer 200', says(200), says(200), says(200), undefined],
  ['the gateway fails now and then', failing, says(200), says(200), undefined],
  ['a gateway that answers 304, members 200', says(304), says(200), says(200), undefined],
  [
    'a gateway that redirects',
    says(301, 'https://shop.example/'),
    says(200),
    says(200),
    /^The gateway answers home with 301 \(to https:\/\/shop\.example\/\), web1, web2 asked directly with 200: they do not do the same work.*Ask for the address/,
  ],
  [
    'a member that does not know the host',
    says(200),
    says(200),
    says(404),
    /^Asked directly, members do not answer home alike: web1 with 200, web2 with 404\. Users get the one or the other/,
  ],
  [
    'members that do not know the host',
    says(200),
    says(404),
    says(404),
    /^The gateway answers home with 200, web1, web2 asked directly with 404: .*set `host` of the member, or --host\.$/,
  ],
  [
    'a wrong path everywhere',
    says(404),
    says(404),
    says(404),
    /^Every answer to home was 404: the times are those of a refusal/,
  ],
  [
    'a redirect everywhere',
    says(302),
    says(302),
    says(302),
    /^Every answer to home was 302: the times are those of a redirect.*Ask for the address/,
  ],
  [
    'a redirect to another page',
    says(302, '/login'),
    says(302, '/login'),
    says(302, '/login'),
    /302 \(to \/login\).*Ask for the address that it redirects to\.$/,
  ],
  [
    'a redirect to the same page',
    says(302, '/'),
    says(302, '/'),
    says(302, '/'),
    /302 \(to \/\).*That is the very address that was asked: .*too many redirects.*X-Forwarded-Proto/,
  ],
];
test('notes on what is answered: the same page with and without TLS', () => {
  const notesOf = (url: string, location: string): string => {
    const recording = makeRecording({ seed: 3, members: ['web1'] })
      .compare({
        ratePerSec: 2,
        durationUs: 20_000_000,
        gateway: says(301, location),
        member: { web1: says(301, location) },
      })
      .build();
    const { manifest } = recording;
    const profile = { ...manifest.profile, gateway: { ...manifest.profile.gateway, url, host: 'shop.example' } };
    return answerNotes(createMeasures({ ...recording, manifest: { ...manifest, profile } })).join(' ');
  };
  assert.match(notesOf('https://10.0.0.1', 'http://shop.example/'), /the same page without TLS: .*too many redirects/);
  assert.match(notesOf('https://10.0.0.1', 'https://shop.example/'), /the very address that was asked/);
  assert.match(notesOf('http://10.0.0.1', 'https://shop.example/'), /Ask for the address that it redirects to/);
});
for (const [what, gateway, web1, web2, note] of ROWS) {
  test(`notes on what is answered: ${what}`, () => {
    const notes = answerNotes(
      createMeasures(
        makeRecording({ seed: 3, members: ['web1', 'web2'] })
          .compare({ ratePerSec: 2, durationUs: 20_000_000, gateway, member: { web1, web2 } })
          .build(),
      ),
    );
    assert.equal(notes.length, note === undefined ? 0 : 1);
    if (note !== undefined) assert.match(notes[0] ?? '', note);
  });
}

test('a redirect that is asked for is no matter of a note', () => {
  const measures = createMeasures(
    makeRecording({ seed: 3, members: ['web1'] })
      .compare({ ratePerSec: 2, durationUs: 20_000_000, gateway: says(301), member: says(301) })
      .build(),
  );
  const requests = measures.profile.requests.map((request) => ({ ...request, expect: { status: [301] } }));
  assert.equal(answerNotes(measures).length, 1);
  assert.deepEqual(answerNotes({ ...measures, profile: { ...measures.profile, requests } }), []);
});

const page =
  (digest: number): Responder =>
  () => ({ us: 10_000, outcome: { ...OK, bodyDigest: digest } });
const sorry: Responder = ({ index }) =>
  index % 4 === 0
    ? {
        us: 2_000,
        outcome: { ...OK, bodyDigest: 9, bodyBytes: 57 },
        answer: { status: 200, headers: {}, bodyStart: '<html><title>Sorry</title>\n<p>try later</p>' },
      }
    : { us: 10_000, outcome: { ...OK, bodyDigest: 7 } };
const BODIES: readonly (readonly [what: string, gateway: Responder, web2: Responder, note: RegExp | undefined])[] = [
  ['the gateway passes all on', page(7), page(7), undefined],
  ['the gateway changes all', page(8), page(7), undefined],
  ['members differ', sorry, page(8), undefined],
  [
    'some are others',
    sorry,
    page(7),
    /^10 of 40 good answers to home through the gateway have another body \(57 B, for example “Sorry try later”\) than .* \(120 B\)/,
  ],
];
for (const [what, gateway, web2, note] of BODIES) {
  test(`notes on bodies: ${what}`, () => {
    const notes = answerNotes(
      createMeasures(
        makeRecording({ seed: 3, members: ['web1', 'web2'] })
          .compare({ ratePerSec: 2, durationUs: 20_000_000, gateway, member: { web1: page(7), web2 } })
          .build(),
      ),
    );
    assert.equal(notes.length, note === undefined ? 0 : 1);
    if (note !== undefined) assert.match(notes[0] ?? '', note);
  });
}

test('two members with pages of different length: both are told, and what makes the wrong one a failure', () => {
  const broken: Responder = () => ({ us: 9_000, outcome: { ...OK, bodyDigest: 9, bodyBytes: 57 } });
  const measures = createMeasures(
    makeRecording({ seed: 3, members: ['web1', 'web2'] })
      .compare({ ratePerSec: 2, durationUs: 20_000_000, gateway: page(7), member: { web1: page(7), web2: broken } })
      .build(),
  );
  const [note, ...rest] = answerNotes(measures);
  assert.match(
    note ?? '',
    /^Asked directly, members answer home with pages of different length, every time: web2 with 57 B, web1 with 120 B\. .*`expect\.body\.includes`/,
  );
  assert.deepEqual(rest, []);
});

test('what was not sent for a pause is told', () => {
  const measures = createMeasures(
    makeRecording({ seed: 3, members: ['web1'] })
      .compare({
        ratePerSec: 2,
        durationUs: 10_000_000,
        gateway: ({ index }) =>
          index === 0 ? fails(2_000, 503) : { us: 0, outcome: { kind: 'not-sent', reason: 'retry-after' } },
      })
      .build(),
  );
  assert.deepEqual(answerNotes(measures), [
    '19 of 20 requests to the gateway were not sent, because it asked for a pause (Retry-After): of that time nothing is known.',
  ]);
});

test('a handful of answers shows no rule', () => {
  const measures = createMeasures(
    makeRecording({ seed: 3, members: ['web1'] })
      .compare({ ratePerSec: 1, durationUs: 4_000_000, gateway: says(404), member: says(200) })
      .build(),
  );
  assert.deepEqual(answerNotes(measures), []);
});
