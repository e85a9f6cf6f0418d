/**
 * What somebody does who knows the status codes only: 504 is a timeout, 502 a dropped connection, 503 no server or a
 * full queue, a 5xx that members give directly too is the application's. It is never asked for a member or a value.
 */
import type { CauseId } from '../../../src/model/causes.ts';
import type { Found } from './score.ts';

export type RouteCounts = { readonly route: string; readonly outcomes: Readonly<Record<string, number>> };

export function naiveFindings(routes: readonly RouteCounts[]): readonly Found[] {
  const gateway = new Set(routes.filter(({ route }) => route === 'gateway').flatMap(outcomesOf));
  const direct = new Set(routes.filter(({ route }) => route !== 'gateway').flatMap(outcomesOf));
  const findings: Found[] = [];
  const say = (cause: CauseId, ...or: readonly CauseId[]): void => {
    findings.push({ cause, or, severity: 'error', confidence: 'likely', measured: {}, anyMember: true });
  };
  for (const key of [...gateway].sort()) {
    if (/^5\d\d$/.test(key) && direct.has(key)) say('application/error', 'member/errors');
    else if (key === '504' || key.startsWith('timeout:')) say('timeout/gateway-response');
    else if (key === '503') say('member/none-available', 'queue/gateway', 'queue/rejected');
    else if (key === '502') say('connection/dropped-before-response');
    else if (/^5\d\d$/.test(key)) say('application/error');
    else if (key.endsWith(':truncated')) say('connection/dropped-mid-response');
    else if (key.startsWith('error:')) say('gateway/unreachable');
  }
  if (direct.has('error:refused')) say('connection/refused');
  return findings.filter((one, i) => findings.findIndex(({ cause }) => cause === one.cause) === i);
}

function outcomesOf({ outcomes }: RouteCounts): string[] {
  return Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([key]) => key);
}
