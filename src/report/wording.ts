/**
 * Words that several writers share, so that HTML, terminal and tickets say the same thing.
 */
import { CAUSES, type CauseSide } from '../model/causes.ts';
import type { Confidence, Declaration, Finding, Verdict, VerdictState } from '../model/finding.ts';
import type { GatewayKind } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import type { Report, ThresholdResult } from '../model/report.ts';
import { compareSeverity, SEVERITIES, type Severity } from '../model/severity.ts';
import { plural } from './format.ts';
import { isAccounted, isFromLogs, quietLogLabel } from './log-wording.ts';
import { failedCount, routeName, sentCount } from './route-rows.ts';

export const SEVERITY_LABEL: Readonly<Record<Severity | 'none', string>> = {
  critical: 'Critical',
  error: 'Error',
  warning: 'Warning',
  info: 'Note',
  none: 'No fault found',
};

const CONFIDENCE_MEANING: Readonly<Record<Confidence, string>> = {
  confirmed: 'an intervention changed the outcome as predicted, or logs prove it',
  likely: 'all signs point here and the other explanations are excluded',
  possible: 'some signs point here',
};

/** Of logs alone nothing was changed to see what happens: only lines can prove. */
const LOGGED_MEANING: Readonly<Record<Confidence, string>> = {
  ...CONFIDENCE_MEANING,
  confirmed: 'the lines of both sides prove it',
  likely: 'the lines point here, and the other explanations are excluded',
};

export function confidenceMeaning(confidence: Confidence, report: Pick<Report, 'logs'>): string {
  return (isFromLogs(report) ? LOGGED_MEANING : CONFIDENCE_MEANING)[confidence];
}

export const VERDICT_LABEL: Readonly<Record<VerdictState, string>> = {
  found: 'found',
  'insufficient-data': 'too little data',
  failed: 'check failed',
  'not-applicable': 'does not apply',
  clear: 'clear',
};

export const THRESHOLD_LABEL: Readonly<Record<ThresholdResult['verdict'], string>> = {
  pass: 'passed',
  fail: 'failed',
  undecided: 'undecided',
};

const GATEWAY_LABEL: Readonly<Record<GatewayKind | 'member', string>> = {
  arr: 'IIS with ARR',
  iis: 'IIS',
  nginx: 'nginx',
  haproxy: 'HAProxy',
  apache: 'Apache httpd',
  envoy: 'Envoy',
  varnish: 'Varnish',
  caddy: 'Caddy',
  traefik: 'Traefik',
  yarp: 'YARP',
  'aws-alb': 'AWS Application Load Balancer',
  'azure-application-gateway': 'Azure Application Gateway',
  'gcp-load-balancer': 'Google Cloud load balancer',
  cloudflare: 'Cloudflare',
  unknown: 'Any gateway',
  member: 'On the member',
};

/** Where a command or configuration line belongs. */
export function commandTarget(gateway: GatewayKind | 'member'): string {
  return GATEWAY_LABEL[gateway];
}

/** Why, where that is more than the figure that stands beside it: of a pass or a failure the figure is all there is to say. */
export function reasonBeside({ verdict, measured, because }: ThresholdResult): string | undefined {
  return measured === undefined || verdict === 'undecided' ? because : undefined;
}

/** Which product the gateway is, and whether that is known or guessed. */
export function gatewayLabel(gateway: Report['gateway']): string {
  if (gateway.kind === 'unknown') return 'kind of gateway not recognised';
  const name = GATEWAY_LABEL[gateway.kind];
  // Below nine in ten a reader should not take the product, and with it the commands, for granted.
  return gateway.declared || gateway.certainty >= 0.9 ? name : `probably ${name}`;
}

/** What was checked, why it does not apply, or what is missing. */
export function verdictDetail(verdict: Verdict): string {
  switch (verdict.state) {
    case 'clear':
      return verdict.checked;
    case 'found':
      return plural(verdict.count, 'finding');
    case 'not-applicable':
      return verdict.reason;
    case 'insufficient-data':
      return `needs ${verdict.need}; has ${verdict.have}`;
    case 'failed':
      return verdict.error;
    default:
      return verdict satisfies never;
  }
}

/** Of the cause; wider where members asked directly answer well, and only the gateway's answers are not valid HTTP. */
export function sideOf({ cause, scope }: Pick<Finding, 'cause' | 'scope'>): CauseSide {
  const isOnlyGateway = cause === 'connection/invalid-response' && scope.route === 'gateway';
  return isOnlyGateway ? 'gateway or member' : CAUSES[cause].side;
}

/** The hop that is to blame, in words: "in the gateway", "at the member web2". */
export function whereLabel(finding: Pick<Finding, 'cause' | 'scope'>): string {
  const side = sideOf(finding);
  const { member, route } = finding.scope;
  if (side === 'probe' || route === 'probe') return 'in the probe';
  const atMember = member === undefined ? 'at the members' : `at the member ${member}`;
  switch (side) {
    case 'gateway':
      return member === undefined ? 'in the gateway' : `in the gateway, towards ${member}`;
    case 'member':
      return atMember;
    case 'path':
      return member === undefined ? 'on the path' : `on the path to ${member}`;
    case 'gateway+member':
      return member === undefined ? 'between gateway and members' : `between the gateway and ${member}`;
    case 'gateway or member':
    case 'any':
      if (member !== undefined) return atMember;
      return route === 'gateway' ? 'in the gateway or behind it' : 'at the members';
    default:
      return side satisfies never;
  }
}

/** A line of configuration, marked where it is not what was measured. */
export function declaredText({ citation, disagreement }: Declaration): string {
  return disagreement === undefined ? citation : `${citation}: not what was measured (${disagreement})`;
}

/** Worst first; the order of the report within one severity. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => compareSeverity(b.severity, a.severity));
}

/** One label for the whole report: "4 findings: 1 critical, 3 warning". */
export function verdictLabel(report: Report): string {
  if (!report.validity.ok) return 'This run is not valid';
  if (report.worst === 'none') return quietLabel(report);
  const counts = [...SEVERITIES].reverse().flatMap((severity) => {
    const count = report.findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${SEVERITY_LABEL[severity].toLowerCase()}`];
  });
  if (counts.length === 0) return SEVERITY_LABEL[report.worst];
  return `${plural(report.findings.length, 'finding')}: ${counts.join(', ')}`;
}

/**
 * What failed in a run that is not valid: being late makes times wrong, and no answer a 502. Undefined where nothing failed, or where the
 * probe ran out of ports and may have made the failures itself.
 */
export function countedSentence(report: Report): string | undefined {
  const failing = report.routes.filter((route) => failedCount(route) > 0);
  if (failing.length === 0 || report.quality.portShortages > 0) return undefined;
  const told = report.routes.map(
    (route) => `${failedCount(route)} of ${plural(sentCount(route), 'request')} failed (${routeName(route, report)})`,
  );
  return `Counted, but not judged: ${told.join(', ')}.`;
}

/** Nothing was found: because nothing is wrong, or because nobody could tell. */
function quietLabel(report: Report): string {
  const balance = report.logs?.balance;
  if (balance !== undefined && !isAccounted(balance)) return quietLogLabel(balance);
  const failed = failuresOf(report);
  if (failed > 0) return `No cause found for ${plural(failed, 'failed request')}`;
  if (report.refused !== undefined)
    return `The gateway refuses ${plural(report.refused.length, 'request')} that members answer`;
  if (!isReassuring(report)) return 'No fault found, but too little was measured to rule one out';
  return SEVERITY_LABEL.none;
}

/** Of requests that were sent; those of logs have a balance of their own. */
function failuresOf(report: Pick<Report, 'logs' | 'routes'>): number {
  return isFromLogs(report) ? 0 : report.routes.reduce((sum, route) => sum + failedCount(route), 0);
}

/** Whether finding nothing means something: the run went to its end, at least one check could look, no error is left over. */
export function isReassuring(
  report: Pick<Report, 'interrupted' | 'detectors' | 'logs' | 'routes' | 'refused'>,
): boolean {
  const balance = report.logs?.balance;
  if (balance !== undefined && !isAccounted(balance)) return false;
  return (
    !report.interrupted &&
    report.refused === undefined &&
    failuresOf(report) === 0 &&
    report.detectors.some(({ verdict }) => verdict.state === 'clear')
  );
}

/** What a run that found nothing may claim: how much was looked at, and how much could not be. */
export function coverageSentence(report: Pick<Report, 'detectors' | 'logs'>): string {
  const count = (state: VerdictState) => report.detectors.filter(({ verdict }) => verdict.state === state).length;
  const parts = [
    `${plural(report.detectors.length, 'cause')} looked for`,
    count('found') > 0 && `${count('found')} found`,
    `${count('clear')} ${clearText(report)}`,
    count('insufficient-data') > 0 && `${count('insufficient-data')} with too little data to tell`,
    count('not-applicable') > 0 && `${count('not-applicable')} not applicable to ${subjectOf(report)}`,
    count('failed') > 0 && `${plural(count('failed'), 'check')} failed`,
  ];
  return `${parts.filter((part) => part !== false).join(', ')}.`;
}

/** While errors are left over, a cause that no line points at is not excluded. */
function clearText({ logs }: Pick<Report, 'logs'>): string {
  const isOpen = logs?.balance !== undefined && !isAccounted(logs.balance);
  return isOpen ? 'that no line points at' : 'clear';
}

/** What a report is about. Without a profile logs have no name of their own. */
export function subjectName(report: Report): string {
  const { name, gatewayUrl } = report.profile;
  return isFromLogs(report) && gatewayUrl === '' ? 'What the logs say' : name;
}

/** What was judged. */
export function subjectOf(report: Pick<Report, 'logs'>): string {
  return isFromLogs(report) ? 'these logs' : 'this run';
}

export function interruptedSentence(report: Pick<Report, 'durationUs' | 'logs'>): string {
  if (isFromLogs(report)) return 'Reading the logs was interrupted; what was read until then is judged.';
  return `The run was interrupted after ${formatDuration(report.durationUs)}; what was measured until then is judged.`;
}

/** Anchor of each finding, stable from run to run: cause and member, numbered only when both repeat. */
export function findingAnchors(findings: readonly Finding[]): ReadonlyMap<Finding, string> {
  const taken = new Map<string, number>();
  const anchors = new Map<Finding, string>();
  for (const finding of findings) {
    const member = finding.scope.member === undefined ? '' : `-${slug(finding.scope.member)}`;
    const anchor = `finding-${slug(finding.cause)}${member}`;
    const count = (taken.get(anchor) ?? 0) + 1;
    taken.set(anchor, count);
    anchors.set(finding, count === 1 ? anchor : `${anchor}-${count}`);
  }
  return anchors;
}

/** Lower-case letters, digits and dashes. */
export function slug(text: string): string {
  const parts = text.toLowerCase().match(/[a-z0-9]+/g);
  return parts === null ? 'x' : parts.join('-');
}

/** What to mistrust of an answer that stands, through the probe itself. */
export function cautionTexts({ checks = [] }: Pick<Report, 'checks'>): readonly string[] {
  return checks.flatMap(({ state, text }) => (state === 'caution' ? [text] : []));
}
