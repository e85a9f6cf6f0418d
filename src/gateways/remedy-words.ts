import { formatDuration } from '../model/quantity.ts';
import type { RemedyContext } from './gateway.ts';
import { memberOrigin } from './member-address.ts';

/** "member web1", or "the member" when the finding is not about one. */
export function theMember(context: RemedyContext): string {
  return context.member === undefined ? 'the member' : `member ${context.member}`;
}

/** "requests to /report", or "these requests" when the finding is not about one path. */
export function theRequests(context: RemedyContext): string {
  return context.requestPath === undefined ? 'these requests' : `requests to ${context.requestPath}`;
}

/** A measured time as text in the middle of a sentence, for example " of 30 s"; empty when it was not measured. */
export function ofMeasured(context: RemedyContext, name: string): string {
  const estimate = context.measured[name];
  return estimate === undefined ? '' : ` of ${formatDuration(estimate.value)}`;
}

/** The quick check that needs no profile. */
export function compareCommand(context: RemedyContext): string {
  return `gateprobe compare <gateway-url> ${context.memberUrl === undefined ? '<member-url>' : memberOrigin(context)}`;
}
