/** Certificates that end soon, or have ended where nobody checks. They are read in every handshake, also in one that fails. */
import type { Measures } from '../analysis/measures.ts';
import type { CertificateFacts } from '../model/exchange.ts';
import type { ResolvedTarget } from '../model/recording.ts';
import { memberOf } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';

const DAY_MS = 86_400_000;
/** Automatic renewal acts when a third of the lifetime is left (certbot and the ACME guides): below a quarter it did not. */
const OVERDUE_SHARE = 0.25;
/** Long-lived ones are renewed by hand: so many days are told, and so many are short for whoever must order one. */
const INFO_DAYS = 30;
/**
 * Where the profile says nothing: three weeks are short for whoever must order one, in the last there is a holiday. Of
 * short-lived ones the same share of their lifetime as of the usual 90 days.
 */
const WARNING = { days: 21, share: OVERDUE_SHARE } as const;
const ERROR = { days: 7, share: 1 / 12 } as const;

type Ending = {
  readonly target: ResolvedTarget;
  readonly certificate: CertificateFacts;
  readonly daysLeft: number;
  readonly severity: 'info' | 'warning' | 'error';
  /** Automatic renewal should have come. */
  readonly isOverdue: boolean;
};

/** Undefined while there is time enough. */
function endingOf(
  target: ResolvedTarget,
  certificate: CertificateFacts,
  nowMs: number,
  { certificates }: Measures['profile'],
): Ending | undefined {
  const endMs = Date.parse(certificate.validToAt);
  const daysLeft = (endMs - nowMs) / DAY_MS;
  const lifetimeDays = (endMs - Date.parse(certificate.validFromAt)) / DAY_MS;
  if (!Number.isFinite(daysLeft) || !Number.isFinite(lifetimeDays)) return undefined;
  const isOverdue = daysLeft < OVERDUE_SHARE * lifetimeDays;
  const daysOf = (us: number): number => us / 1_000 / DAY_MS;
  const errorDays = certificates ? daysOf(certificates.errorUs) : Math.min(ERROR.days, ERROR.share * lifetimeDays);
  const warningDays = certificates
    ? daysOf(certificates.warningUs)
    : Math.min(WARNING.days, WARNING.share * lifetimeDays);
  const isInTime = certificates ? daysLeft >= warningDays : daysLeft >= INFO_DAYS || !isOverdue;
  if (daysLeft > 0 && isInTime) return undefined;
  const severity = daysLeft <= 0 || daysLeft < errorDays ? 'error' : daysLeft < warningDays ? 'warning' : 'info';
  return { target, certificate, daysLeft, severity, isOverdue };
}

export const certificateExpiring: Detector = {
  cause: 'tls/certificate-expiring',
  detect({ measures }): Detection {
    const secure = [measures.profile.gateway, ...measures.profile.members].filter(({ url }) =>
      url.startsWith('https:'),
    );
    if (secure.length === 0) return notApplicable('neither the gateway nor a member is asked over TLS');
    const shown = measures.targets.flatMap((target) =>
      (target.certificates ?? []).map((certificate) => ({ target, certificate })),
    );
    if (shown.length === 0) return insufficient('a certificate', 'no handshake came so far as to show one');
    // A time of history is judged at its end.
    const nowMs = measures.history === undefined ? Date.parse(measures.startedAt) : measures.history.toAtUs / 1_000;
    const endings = shown
      .flatMap(({ target, certificate }) => endingOf(target, certificate, nowMs, measures.profile) ?? [])
      // Where the handshake fails of it, that is the finding.
      .filter(({ target, daysLeft }) => daysLeft > 0 || !failsOfIt(target, measures));
    const nearest = Math.min(
      ...shown.map(({ certificate }) => Math.floor((Date.parse(certificate.validToAt) - nowMs) / DAY_MS)),
    );
    return candidatesOr(
      endings.map((ending) => candidateOf(ending, new Date(nowMs).toISOString())),
      `${shown.length} certificates read; the first ends in ${nearest} days`,
    );
  },
};

function failsOfIt({ route }: ResolvedTarget, measures: Measures): boolean {
  return measures
    .exchanges({ route, cohorts: ['error'] })
    .some(({ outcome }) => outcome.kind === 'connection-error' && /CERT_HAS_EXPIRED/.test(outcome.detail));
}

function candidateOf({ target, certificate, daysLeft, severity, isOverdue }: Ending, judgedAt: string): Candidate {
  const member = memberOf(target.route);
  const whose = member === undefined ? 'The certificate of the gateway' : `The certificate of ${member}`;
  const date = certificate.validToAt.slice(0, 10);
  const days = Math.abs(Math.trunc(daysLeft));
  const span = days === 1 ? '1 day' : `${days} days`;
  return {
    cause: 'tls/certificate-expiring',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity,
    confidence: 'confirmed',
    // Read, not inferred.
    p: 0,
    title:
      daysLeft <= 0
        ? `${whose} ended ${days === 0 ? 'less than a day' : span} ago (${date}).`
        : `${whose} ends in ${days === 0 ? 'less than a day' : span} (${date}).`,
    meaning:
      daysLeft <= 0
        ? 'The profile told the probe not to check it (tls.verify: false); clients and gateways that check refuse the connection.'
        : `From then on clients and gateways that check certificates refuse the connection.${isOverdue ? ' Less than a quarter of its lifetime is left, and automatic renewal acts at a third: it did not run, or the server still shows the old one.' : ''}`,
    measured: { daysLeft: { value: daysLeft } },
    exhibits: [
      {
        kind: 'table',
        id: `certificate-${member ?? 'gateway'}-${certificate.fingerprint.slice(0, 8)}`,
        title: 'What the certificate says',
        reading: `As shown in the handshake with ${target.hostname}, judged at ${judgedAt}.`,
        columns: [
          { title: 'field', unit: 'text' },
          { title: 'value', unit: 'text' },
        ],
        rows: [
          ['subject', certificate.subject],
          ['names', certificate.names.join(', ')],
          ['issuer', certificate.issuer],
          ['valid from', certificate.validFromAt],
          ['valid to', certificate.validToAt],
          ['SHA-256', certificate.fingerprint],
        ],
      },
    ],
    rivals: [{ cause: 'tls/failed', whyNot: 'handshakes did not fail of it in this run' }],
    explains: new Set<number>(),
  };
}
