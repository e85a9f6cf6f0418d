import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { type MemberDifference, memberDifferences } from '../../src/analysis/member-differences.ts';
import type { CertificateFacts } from '../../src/model/exchange.ts';
import type { Recording, ResolvedTarget } from '../../src/model/recording.ts';
import { directTo } from '../../src/model/route.ts';
import { makeRecording, OK, type Responder, refused, sometimes } from '../helpers/make-recording.ts';

const NOISES = [0, 1, 10] as const;
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

function differencesOf(recording: Recording): readonly MemberDifference[] {
  return memberDifferences(createMeasures(recording));
}

const FOUND: readonly (readonly [name: string, recording: (noise: 0 | 1 | 10) => Recording, what: string])[] = [
  ['other bytes', (noise) => farm({ web2: shows({ digest: 9 }) }, { noise }), 'body of home'],
  [
    'another version of the server',
    (noise) => farm({ web2: shows({ headers: { ...HEADERS, server: 'nginx/1.18.0' } }) }, { noise }),
    'server of home',
  ],
  [
    'a field more',
    (noise) => farm({ web2: shows({ headers: { ...HEADERS, 'x-debug': '1' } }) }, { noise }),
    'header fields of home',
  ],
  [
    'a certificate that was not renewed',
    (noise) => farm({}, { noise, targets: shownBy(certificate('aa'), certificate('bb'), certificate('aa')) }),
    'certificate',
  ],
];

describe('a member that differs is told', () => {
  for (const [name, recording, what] of FOUND) {
    for (const noise of NOISES)
      test(`${name} (noise ${noise})`, () => {
        const [difference, ...more] = differencesOf(recording(noise));
        assert.deepEqual([difference?.member, difference?.what, more.length], ['web2', what, 0]);
      });
  }

  test('with all that differs, and what it has more and less', () => {
    const { 'content-type': _none, ...fewer } = HEADERS;
    assert.deepEqual(differencesOf(farm({ web3: shows({ digest: 9, headers: { ...fewer, 'x-debug': '1' } }) })), [
      {
        member: 'web3',
        what: 'body of home',
        own: '120 bytes, checksum 00000009',
        peers: '120 bytes, checksum 00000007',
      },
      { member: 'web3', what: 'header fields of home', own: 'also x-debug', peers: 'also content-type' },
    ]);
  });
});

const SILENT: Readonly<Record<string, () => Recording>> = {
  'where each member has its own bytes: they may hold its name': () =>
    farm({ web2: shows({ digest: 8 }), web3: shows({ digest: 9 }) }),
  'where a page is made anew each time on one member': () =>
    farm({ web2: ({ index }) => ({ us: 9_000, outcome: { ...OK, bodyDigest: index } }) }),
  'where a release came in the middle of the run': () =>
    farm({ web2: ({ index }) => ({ us: 9_000, outcome: { ...OK, bodyDigest: index < 20 ? 7 : 9 } }) }),
  'where a page has two forms on every member': () => {
    const two = sometimes(0.5, shows({ digest: 8 }), shows());
    return farm({ web1: two, web2: two, web3: two });
  },
  'where two and two agree': () =>
    farm({ web3: shows({ digest: 9 }), web4: shows({ digest: 9 }) }, { members: [...MEMBERS, 'web4'] }),
  'of certificates for each member by its own name': () => {
    const [first, second] = [certificate('aa'), certificate('bb', { subject: 'web2', names: ['web2'] })];
    return farm({}, { targets: shownBy(first, second, first) });
  },
  'of a member that does not answer': () => farm({ web2: refused() }),
  'of fields that come and go': () => farm({ web2: shows({ headers: { ...HEADERS, 'set-cookie': 'a=1' } }) }),
  'of two members: which is the odd one?': () => farm({ web2: shows({ digest: 9 }) }, { members: ['web1', 'web2'] }),
  'of too few answers': () => farm({ web2: shows({ digest: 9 }) }, { seconds: 1 }),
};

describe('nothing is said', () => {
  test('of members that are alike, by 40 seeds', () => {
    for (let seed = 1; seed <= 40; seed++)
      assert.deepEqual(differencesOf(farm({}, { seed, noise: 10 })), [], `seed ${seed}`);
  });
  for (const [name, recording] of Object.entries(SILENT))
    test(name, () => assert.deepEqual(differencesOf(recording()), []));
  test('and just enough answers are enough', () =>
    assert.equal(differencesOf(farm({ web2: shows({ digest: 9 }) }, { seconds: 3 })).length, 1));
});
