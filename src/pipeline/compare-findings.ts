/** Findings of two runs, matched by cause and scope. */
import type { FindingChange } from '../model/comparison.ts';
import type { Estimate, Finding, Verdict } from '../model/finding.ts';
import type { Report } from '../model/report.ts';

type Judged = Pick<Report, 'findings' | 'detectors'>;

/** Head's findings in their order, then those that only base has. */
export function findingChanges(base: Judged, head: Judged): readonly FindingChange[] {
  const before = new Map(base.findings.map((finding) => [keyOf(finding), finding]));
  const now = new Set(head.findings.map(keyOf));
  const present = head.findings.map((finding): FindingChange => {
    const { cause, scope, severity, title } = finding;
    const earlier = before.get(keyOf(finding));
    if (earlier === undefined) {
      return { state: couldTell(base, finding) ? 'appeared' : 'unjudged-before', cause, scope, severity, title };
    }
    const state = hasMoved(earlier, finding) ? 'changed' : 'stayed';
    return { state, cause, scope, severity, title, titleBefore: earlier.title };
  });
  const gone = base.findings
    .filter((finding) => !now.has(keyOf(finding)))
    .map((finding): FindingChange => {
      const { cause, scope, severity, title } = finding;
      return { state: couldTell(head, finding) ? 'vanished' : 'unjudged-now', cause, scope, severity, title };
    });
  return [...present, ...gone];
}

function keyOf({ cause, scope }: Finding): string {
  return JSON.stringify([cause, scope.route, scope.member ?? null, scope.requestName ?? null]);
}

/** A detector that could not judge says nothing about whether its finding is there. */
function couldTell({ detectors }: Judged, { cause }: Finding): boolean {
  const state: Verdict['state'] | undefined = detectors.find(({ id }) => id === cause)?.verdict.state;
  return state === 'clear' || state === 'found';
}

/** Whether any measured value has intervals that do not overlap. Values without an interval do not tell. */
function hasMoved(before: Finding, now: Finding): boolean {
  return Object.entries(now.measured).some(([name, estimate]) => {
    const earlier = before.measured[name];
    return earlier !== undefined && areApart(earlier, estimate);
  });
}

function areApart(a: Estimate, b: Estimate): boolean {
  if (a.low === undefined || a.high === undefined || b.low === undefined || b.high === undefined) return false;
  return a.high < b.low || b.high < a.low;
}
