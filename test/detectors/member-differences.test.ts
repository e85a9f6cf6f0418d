import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memberDifferences } from '../../src/detectors/member-differences.ts';
import type { CertificateFacts } from '../../src/model/exchange.ts';
import type { Recording, ResolvedTarget } from '../../src/model/recording.ts';
import { directTo } from '../../src/model/route.ts';
import { makeRecording, OK, type Responder, refused, sometimes } from '../helpers/make-recording.ts';
import {
  assertClear,
  assertInsufficient,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  detect,
  NOISES,
  onlyCandidate,
} from './expectation.ts';

const MEMBERS = ['web1', 'web2', 'web3'];
const HEADERS = { server: 'nginx/1.26.2', 'content-type': 'text/html', date: 'now' };

type Page = { readonly digest?: number; readonly headers?: Record<string, string> };

/** Answers one page, with its headers on the first ones, as the probe keeps them. */
function shows({ digest = 7, headers = HEADERS }: Page = {}): Responder {
  return ({ index }) => ({
    us: 10_000,
    outcome: { ...OK, bodyDigest: digest },
    ...(index < 20 ? { answer: { status: 200, headers } } : {}),
  });
}

type FarmOptions = {
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly members?: readonly string[];
  readonly seconds?: number;
  readonly targets?: readonly ResolvedTarget[];
};

function farm(pages: Readonly<Record<string, Responder>>, options: FarmOptions = {}): Recording {
  const { seed = 7, noise = 1, members = MEMBERS, seconds = 20, targets } = options;
  const member = Object.fromEntries(members.map((name) => [name, pages[name] ?? shows()]));
  return makeRecording({ seed, noise, members, ...(targets === undefined ? {} : { targets }) })
    .compare({ ratePerSec: 2, durationUs: seconds * 1_000_000, member, gateway: shows() })
    .build();
}

function certificate(fingerprint: string, more: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    subject: 'shop.example.com',
    issuer: 'Example CA',
    validFromAt: '2026-01-01T00:00:00.000Z',
    validToAt: '2026-12-01T00:00:00.000Z',
    names: ['shop.example.com'],
    fingerprint,
    ...more,
  };
}

function shownBy(...certificates: readonly CertificateFacts[]): ResolvedTarget[] {
  return certificates.map((one, i) => ({
    route: directTo(MEMBERS[i] ?? ''),
    hostname: 'shop.example.com',
    certificates: [one],
  }));
}

const FOUND: readonly (readonly [name: string, recording: (noise: 0 | 1 | 10) => Recording, words: RegExp])[] = [
  ['other bytes', (noise) => farm({ web2: shows({ digest: 9 }) }, { noise }), /: body of home\.$/],
  [
    'another version of the server',
    (noise) => farm({ web2: shows({ headers: { ...HEADERS, server: 'nginx/1.18.0' } }) }, { noise }),
    /: server of home\.$/,
  ],
  [
    'a field more',
    (noise) => farm({ web2: shows({ headers: { ...HEADERS, 'x-debug': '1' } }) }, { noise }),
    /: header fields of home\.$/,
  ],
  [
    'a certificate that was not renewed',
    (noise) => farm({}, { noise, targets: shownBy(certificate('aa'), certificate('bb'), certificate('aa')) }),
    /: certificate\.$/,
  ],
];

describe('a member that differs is told', () => {
  for (const [name, recording, words] of FOUND) {
    for (const noise of NOISES)
      test(`${name} (noise ${noise})`, () => {
        const candidate = onlyCandidate(memberDifferences, recording(noise));
        assertPresentable(candidate);
        assert.match(candidate.title, /^web2 answers differently/);
        assert.match(candidate.title, words);
        assert.deepEqual([candidate.severity, candidate.scope], ['info', { route: 'direct', member: 'web2' }]);
        assert.ok(candidate.p < 1e-3, `${candidate.p}`);
      });
  }

  test('once, with all that differs, and what it has more and less', () => {
    const { 'content-type': _none, ...fewer } = HEADERS;
    const candidate = onlyCandidate(
      memberDifferences,
      farm({ web3: shows({ digest: 9, headers: { ...fewer, 'x-debug': '1' } }) }),
    );
    const [exhibit] = candidate.exhibits;
    assert.ok(exhibit?.kind === 'table');
    assert.deepEqual(exhibit.rows, [
      ['body of home', '120 bytes, checksum 00000009', '120 bytes, checksum 00000007'],
      ['header fields of home', 'also x-debug', 'also content-type'],
    ]);
  });
});

describe('nothing is said', () => {
  test('of members that are alike, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++)
      assertClear(memberDifferences, farm({}, { seed, noise: 10 }), `seed ${seed}`);
  });
  test('where each member has its own bytes: they may hold its name', () =>
    assertClear(memberDifferences, farm({ web2: shows({ digest: 8 }), web3: shows({ digest: 9 }) })));
  test('where a page is made anew each time on one member', () => {
    const anew: Responder = ({ index }) => ({ us: 9_000, outcome: { ...OK, bodyDigest: index } });
    assertInsufficient(memberDifferences, farm({ web2: anew }), /alike/, /vary/);
  });
  test('where a release came in the middle of the run', () =>
    assertSilent(
      memberDifferences,
      farm({
        web2: ({ index }) => ({ us: 9_000, outcome: { ...OK, bodyDigest: index < 20 ? 7 : 9 } }),
      }),
    ));
  test('where a page has two forms on every member', () => {
    const two = sometimes(0.5, shows({ digest: 8 }), shows());
    assertSilent(memberDifferences, farm({ web1: two, web2: two, web3: two }));
  });
  test('where two and two agree', () =>
    assertClear(
      memberDifferences,
      farm({ web3: shows({ digest: 9 }), web4: shows({ digest: 9 }) }, { members: [...MEMBERS, 'web4'] }),
    ));
  test('of certificates for each member by its own name', () => {
    const [first, second] = [certificate('aa'), certificate('bb', { subject: 'web2', names: ['web2'] })];
    assertClear(memberDifferences, farm({}, { targets: shownBy(first, second, first) }));
  });
  test('of a member that does not answer', () =>
    assertSilent(memberDifferences, farm({ web2: refused() }, { seconds: 20 })));
  test('of fields that come and go', () =>
    assertClear(memberDifferences, farm({ web2: shows({ headers: { ...HEADERS, 'set-cookie': 'a=1' } }) })));
});

test('two members, or too few answers', () => {
  assertNotApplicable(memberDifferences, farm({}, { members: ['web1', 'web2'] }), /two members/);
  assertInsufficient(memberDifferences, farm({}, { seconds: 1 }), /5 answers alike/, /fewer of them/);
  // Just enough.
  assert.equal(detect(memberDifferences, farm({ web2: shows({ digest: 9 }) }, { seconds: 3 })).state, 'candidates');
});
