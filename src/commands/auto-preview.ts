/** What `check --auto` prints. */
import type { Profile } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { AutoPreview } from '../pipeline.ts';

export function describePreview(file: string, profile: Profile, { most, steps, notSent }: AutoPreview): string {
  const purpose =
    most.deliberate === 0
      ? 'None of them is slow or failing on purpose.'
      : `At most ${most.deliberate} of them are slow or failing on purpose; audit.jsonl will list them.`;
  return [
    `${file} is valid: ${profile.name}, ${profile.gateway.url} with ${profile.members.length} ${profile.members.length === 1 ? 'member' : 'members'}.`,
    '',
    `run --auto chooses one step after the other, from what the last one showed. All steps together send at most ${formatNumber(most.requests)} requests and take at most ${formatDuration(most.durationUs)} (--budget), never more than ${formatNumber(most.peakRatePerSec)}/s. ${purpose}`,
    '',
    'Steps, in the order in which they are asked for; each is taken only when its sentence holds:',
    ...steps.flatMap(({ what, when, gatewayRequests, directRequests, durationUs, deliberate }) => [
      `  ${what}`,
      `    ${when} At most ${formatNumber(gatewayRequests)} requests through the gateway and ${formatNumber(directRequests)} directly, about ${formatDuration(durationUs)}${deliberate === 0 ? '' : `; ${deliberate} of them slow or failing on purpose`}.`,
    ]),
    ...(notSent.length === 0 ? [] : ['', 'Not sent here:', ...notSent.map(({ what, why }) => `  ${what}: ${why}`)]),
    ...(profile.gateway.kind === undefined
      ? [
          '',
          'The profile does not say what the gateway is (gateway: kind). Once a run has recognised it, it may allow or forbid the slow requests above.',
        ]
      : []),
    ...profile.notes.map((note) => `Note: ${note}`),
  ].join('\n');
}
