/** Names and TLS: what has to be settled before a request can be sent. */
import type { CertificateFacts } from '../../../src/model/exchange.ts';
import type { Recording, ResolvedTarget } from '../../../src/model/recording.ts';
import { directTo, GATEWAY, memberOf } from '../../../src/model/route.ts';
import {
  type Ask,
  balanced,
  type FullReply,
  fails,
  makeRecording,
  type RecordingOptions,
  type Reply,
  type Responder,
  sometimes,
} from '../../helpers/make-recording.ts';
import { syntheticManifest, syntheticProfile } from '../../helpers/synthetic-frame.ts';
import { MEMBERS, MS, type Noise, type Row, SEC } from './row.ts';

type Farm = { readonly member?: Responder | Readonly<Record<string, Responder>>; readonly gateway?: Responder };

function farm(seed: number, noise: Noise, run: Farm = {}, sec = 20, options: RecordingOptions = {}): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, ...options })
    .compare({ durationUs: sec * SEC, ...run })
    .build();
}

const UNRESOLVED: FullReply = {
  us: 100,
  outcome: {
    kind: 'connection-error',
    phase: 'dns',
    code: 'dns',
    detail: 'getaddrinfo ENOTFOUND web2.invalid',
    bytesReceived: 0,
  },
};
const aThirdFails = balanced(12_000, fails(4_000, 502), 12_000);

const dnsFailed: Row = {
  cause: 'dns/failed',
  good: {
    make: (seed, noise) =>
      farm(seed, noise, { member: { web2: UNRESOLVED }, gateway: sometimes(1 / 3, fails(4_000, 502), 12_000) }),
    scope: { route: 'direct', member: 'web2' },
    severity: 'error',
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 5),
  borderline: {
    below: (seed) =>
      farm(seed, 1, { member: { web2: ({ index }) => (index === 30 || index === 60 ? UNRESOLVED : 10_000) } }),
    above: (seed) => farm(seed, 1, { member: { web2: UNRESOLVED }, gateway: aThirdFails }, 5),
  },
  tooLittle: { never: 'a name is looked up before anything is sent: what was asked once has resolved, or has not' },
  notApplicable: { never: 'a name or an address, the gateway’s at least, is always asked for' },
};

/** The route's name took so long. */
function resolvedIn(dnsUs: number): Recording {
  const targets = [GATEWAY, ...MEMBERS.map(directTo)].map(
    (route): ResolvedTarget => ({
      route,
      hostname: `${route}.test`,
      address: '192.0.2.1',
      family: 4,
      dnsUs: memberOf(route) === 'web2' ? dnsUs : Math.min(dnsUs, 2_000),
    }),
  );
  return farm(1, 1, {}, 3, { targets });
}

const dnsSlow: Row = {
  cause: 'dns/slow',
  good: {
    make: () => resolvedIn(5.01 * SEC),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { delayUs: { value: 5.01 * SEC, within: 0 } },
  },
  healthy: () => resolvedIn(20 * MS),
  borderline: { below: () => resolvedIn(0.99 * SEC), above: () => resolvedIn(1.2 * SEC) },
  tooLittle: { never: 'a name is looked up once, and that took as long as it took' },
  notApplicable: { recording: () => resolvedIn(0), reason: /no name/ },
};

/** The profile of a farm over TLS. */
function overTls(): RecordingOptions {
  const { gateway, members } = syntheticProfile(MEMBERS, 'home');
  const secure = <T extends { readonly url: string }>(one: T): T => ({
    ...one,
    url: one.url.replace('http:', 'https:'),
  });
  return { profile: { gateway: secure(gateway), members: members.map(secure) } };
}

const BAD_HANDSHAKE: FullReply = {
  us: 3_000,
  outcome: {
    kind: 'connection-error',
    phase: 'tls',
    code: 'tls',
    detail: 'DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate',
    bytesReceived: 0,
  },
  facts: { phasesUs: { connect: 400 } },
};

const tlsFailed: Row = {
  cause: 'tls/failed',
  good: {
    make: (seed, noise) =>
      farm(
        seed,
        noise,
        { member: { web2: BAD_HANDSHAKE }, gateway: sometimes(1 / 3, fails(14_000, 502), 12_000) },
        20,
        overTls(),
      ),
    scope: { route: 'direct', member: 'web2' },
    severity: 'error',
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10, overTls()),
  borderline: {
    below: (seed) =>
      farm(
        seed,
        1,
        { member: { web2: ({ index }) => (index === 30 || index === 60 ? BAD_HANDSHAKE : 10_000) } },
        20,
        overTls(),
      ),
    above: (seed) => farm(seed, 1, { member: { web2: BAD_HANDSHAKE }, gateway: aThirdFails }, 5, overTls()),
  },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS, ...overTls() })
        .experiment('compare', [{ route: GATEWAY, us: 4_000 }])
        .build(),
    need: /new connections/,
  },
  notApplicable: { recording: () => farm(1, 0, {}, 5), reason: /over TLS/ },
};

/** New connections make a handshake; in so many of them it takes `slowUs`. */
function shaking(ratio: number, slowUs: number): Responder {
  return ({ connection, random }: Ask): Reply => {
    if (connection !== 'new') return 10_000;
    const tls = random.next() < ratio ? slowUs : 3_000;
    return { us: 10_400 + tls, exact: true, facts: { phasesUs: { connect: 400, tls, wait: 9_000 } } };
  };
}

function handshakes(seed: number, noise: Noise, ratio: number, slowUs = 800_000): Recording {
  const member = { web1: shaking(0, 0), web2: shaking(ratio, slowUs), web3: shaking(0, 0) };
  return makeRecording({ seed, noise, members: MEMBERS, ...overTls() })
    .compare({ durationUs: 20 * SEC, newConnectionRatio: 0.5, member, gateway: shaking(0, 0) })
    .build();
}

const tlsSlow: Row = {
  cause: 'tls/slow',
  good: {
    make: (seed, noise) => handshakes(seed, noise, 0.3),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { delayUs: { value: 800_000, within: 0.01 } },
  },
  healthy: (seed, noise) => handshakes(seed, noise, 0),
  borderline: { below: (seed) => handshakes(seed, 1, 0.02), above: (seed) => handshakes(seed, 1, 0.3, 700_000) },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS, ...overTls() })
        .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
        .build(),
    need: /10 handshakes/,
  },
  notApplicable: { recording: () => farm(1, 0, {}, 5), reason: /over TLS/ },
};

const DAY_MS = 86_400_000;
const STARTED_MS = Date.parse(syntheticManifest(1, { ...syntheticProfile(MEMBERS, 'home') }, 1).startedAt);

/** web2 shows a certificate of 90 days with so many left; undefined: nobody shows one. */
function certified(daysLeft: number | undefined): Recording {
  const certificateOf = (left: number): CertificateFacts => ({
    subject: 'shop.example.com',
    issuer: 'Example CA',
    validFromAt: new Date(STARTED_MS + (left - 90) * DAY_MS).toISOString(),
    validToAt: new Date(STARTED_MS + left * DAY_MS).toISOString(),
    names: ['shop.example.com'],
    fingerprint: 'ab12cd34ef',
  });
  const targets = [GATEWAY, ...MEMBERS.map(directTo)].map(
    (route): ResolvedTarget => ({
      route,
      hostname: 'shop.example.com',
      address: '192.0.2.1',
      ...(daysLeft === undefined ? {} : { certificates: [certificateOf(memberOf(route) === 'web2' ? daysLeft : 80)] }),
    }),
  );
  return farm(1, 1, {}, 3, { ...overTls(), targets });
}

const certificate: Row = {
  cause: 'tls/certificate-expiring',
  good: {
    make: () => certified(2),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { daysLeft: { value: 2, within: 1e-6 } },
  },
  healthy: () => certified(80),
  borderline: { below: () => certified(22), above: () => certified(20) },
  tooLittle: { recording: () => certified(undefined), need: /certificate/ },
  notApplicable: { recording: () => farm(1, 0, {}, 3), reason: /over TLS/ },
};

export const NAME_ROWS: readonly Row[] = [dnsFailed, dnsSlow, tlsFailed, tlsSlow, certificate];
