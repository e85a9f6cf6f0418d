/** The way of a request, with the hop that is to blame. */
import type { Finding } from '../model/finding.ts';
import type { Report } from '../model/report.ts';
import { isFromLogs } from './log-wording.ts';
import { html, type Markup } from './markup.ts';
import { sideOf } from './wording.ts';

type Hop = 'probe' | 'front-path' | 'gateway' | 'back-path' | 'member';
const HOPS: readonly Hop[] = ['probe', 'front-path', 'gateway', 'back-path', 'member'];

/** A picture only: the same stands in words beside it. */
export function hopStrip(finding: Finding, report: Pick<Report, 'logs'>): Markup {
  const blamed = blamedHops(finding);
  const label: Readonly<Record<Hop, string>> = {
    probe: isFromLogs(report) ? 'client' : 'probe',
    'front-path': '',
    gateway: 'gateway',
    'back-path': '',
    member: finding.scope.member ?? 'members',
  };
  const hops = HOPS.map((hop) => {
    const form = hop.endsWith('-path') ? 'path' : 'hop';
    return html`<span class="${form}${blamed.has(hop) && ' blamed'}">${label[hop]}</span>`;
  });
  return html`<p class="hops" aria-hidden="true">${hops}</p>`;
}

export function blamedHops({ cause, scope }: Pick<Finding, 'cause' | 'scope'>): ReadonlySet<Hop> {
  const side = sideOf({ cause, scope });
  if (side === 'probe' || scope.route === 'probe') return new Set(['probe']);
  switch (side) {
    case 'gateway':
      return new Set(['gateway']);
    case 'member':
      return new Set(['member']);
    case 'gateway+member':
      return new Set(['gateway', 'back-path', 'member']);
    case 'path':
      // The one path cause that is seen only in front of the gateway.
      if (cause === 'timeout/middlebox') return new Set(['front-path']);
      return scope.member === undefined ? new Set(['front-path', 'back-path']) : new Set(['back-path']);
    case 'gateway or member':
    case 'any':
      if (scope.member !== undefined) return new Set(['member']);
      return scope.route === 'gateway' ? new Set(['gateway', 'back-path', 'member']) : new Set(['member']);
    default:
      return side satisfies never;
  }
}
