/** The trail as plain sentences, for writers of text. */
import { formatDuration } from '../model/quantity.ts';
import type { Report } from '../model/report.ts';
import type { TrailStep } from '../model/trail.ts';
import { formatCount, plural } from './format.ts';

/** Empty where the run did not choose its experiments and nothing was slow on purpose. */
export function trailSentences({ trail, audit }: Report): readonly string[] {
  return [...(trail === undefined ? [] : [...trail.steps.map(stepSentence), trail.because]), ...auditSentence(audit)];
}

function stepSentence({ what, gatewayRequests, directRequests, durationUs }: TrailStep, index: number): string {
  return `${index + 1}. ${what} (${formatCount(gatewayRequests)} requests through the gateway, ${formatCount(directRequests)} directly, ${formatDuration(durationUs)})`;
}

function auditSentence(audit: Report['audit']): readonly string[] {
  if (audit === undefined) return [];
  return [`${plural(audit.requests, 'request')} slow or failing on purpose: ids and reasons in ${audit.file}.`];
}
