/** Which gateway it is, by the format of its log. */
import { kindOfFormat } from '../catalog.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { RecognisedGateway } from '../model/recording.ts';

/** Marks in answers that are surer than this are the gateway's own and stand: its error pages, not a Server header that a member may have set. */
const SURE = 0.9;

/** Undefined: no log of a gateway, or in a format that several of them write. */
export function kindOfLogs({ sources }: LogEvidence): RecognisedGateway | undefined {
  const known = sources
    .filter(({ role }) => role === 'gateway')
    .map(({ format }) => kindOfFormat(format))
    .find((one) => one !== 'unknown');
  return known === undefined
    ? undefined
    : { kind: known, certainty: 0.95, because: ['Its log is in the format that only it writes.'], declared: false };
}

/** What a run recognised, with the logs of its gateway: a format tells more than an answer without marks, or with doubtful ones. */
export function kindWithLogs(gateway: RecognisedGateway, logs: LogEvidence): RecognisedGateway {
  if (gateway.declared || (gateway.kind !== 'unknown' && gateway.certainty >= SURE)) return gateway;
  // IIS writes the same format with ARR and without.
  if (gateway.kind === 'iis') return gateway;
  return kindOfLogs(logs) ?? gateway;
}
