/** Findings of a recording, as `diagnose` comes to them, without the report around them. */
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { DETECTORS, GATEWAYS, gatewayOf } from '../../src/catalog.ts';
import { type Judgement, judge } from '../../src/detectors/judge.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Recording } from '../../src/model/recording.ts';
import { isAtLeast } from '../../src/model/severity.ts';

export function judged(recording: Recording): Judgement {
  return judge(DETECTORS, GATEWAYS, {
    measures: createMeasures(recording),
    gateway: gatewayOf(recording.gateway.kind),
  });
}

/** Findings that call somebody, and detectors that broke. */
export function alarmsOf({ findings, detectors }: Judgement): readonly string[] {
  return [
    ...findings.filter(({ severity }) => isAtLeast(severity, 'warning')).map(placeOf),
    ...detectors.flatMap(({ id, verdict }) => (verdict.state === 'failed' ? [`${id} failed: ${verdict.error}`] : [])),
  ];
}

/** `cause@member`, or the route where no member is named. */
export function placeOf({ cause, scope }: Pick<Finding, 'cause' | 'scope'>): string {
  return `${cause}@${scope.member ?? scope.route}`;
}
