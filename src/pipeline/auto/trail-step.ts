/** A step in words: before it, what is tried, why, and what it costs; after it, what it showed. */
import type { Measures } from '../../analysis/measures.ts';
import type { Judgement } from '../../detectors/judge.ts';
import { formatDuration, formatNumber } from '../../model/quantity.ts';
import type { ExperimentRecord } from '../../model/recording.ts';
import { directTo, GATEWAY } from '../../model/route.ts';
import type { TrailStep } from '../../model/trail.ts';
import { isFirm, type NextStep, requestsOf, type StepKind } from './next-step.ts';
import { routeWords, type Symptoms } from './symptoms.ts';

export type Tried = Extract<NextStep, { kind: 'try' }>;

/** What was known when the step was over. */
export type Seen = { readonly measures: Measures; readonly judgement: Judgement; readonly symptoms: Symptoms };

export function stepLine(number: number, { what, why, planned, deliberate }: Tried): string {
  const gateway = planned.requestsPerRoute.gateway ?? 0;
  const directly = requestsOf(planned) - gateway;
  const purpose = deliberate === 0 ? '' : `, ${deliberate} of them slow or failing on purpose (see audit.jsonl)`;
  return `Step ${number}: ${what}. ${why} Costs at most ${formatNumber(gateway)} requests through the gateway and ${formatNumber(directly)} directly${purpose}, about ${formatDuration(planned.durationUs)}.`;
}

export function stepOf(
  { planned, step, what, why, deliberate }: Tried,
  { measures, judgement, symptoms }: Seen,
): TrailStep {
  const { id } = planned;
  const record = measures.experiments.find((one) => one.id === id);
  const gateway = measures.counts({ experimentId: id, route: GATEWAY });
  const directly = measures.members.map((member) => ({
    member,
    ...measures.counts({ experimentId: id, route: directTo(member) }),
  }));
  const slow = measures.exchanges({ experimentId: id, roles: ['delay'] }).filter(({ sentUs }) => sentUs !== undefined);
  return {
    experimentId: id,
    what,
    why,
    gatewayRequests: gateway.sent,
    directRequests: directly.reduce((sum, { sent }) => sum + sent, 0),
    deliberate: deliberate === 0 ? 0 : slow.length > 0 ? slow.length : gateway.sent,
    startUs: record?.startUs ?? 0,
    durationUs: (record?.endUs ?? 0) - (record?.startUs ?? 0),
    result: `${resultOf(record, gateway, directly)}${hintOf(step, record, symptoms)}${verdictOf(judgement)}`,
  };
}

type Counted = { readonly sent: number; readonly failed: number };

function resultOf(
  record: ExperimentRecord | undefined,
  gateway: Counted,
  directly: readonly (Counted & { readonly member: string })[],
): string {
  const counts = [
    ...(gateway.sent === 0 ? [] : [`${gateway.failed} of ${gateway.sent} failed through the gateway`]),
    ...directly
      .filter(({ sent }) => sent > 0)
      .map(({ member, sent, failed }) => `${failed} of ${sent} directly to ${member}`),
  ];
  const notes = [...(record?.notes ?? []), ...(record?.stopReason === undefined ? [] : [record.stopReason])];
  return [
    counts.length === 0 ? 'Nothing was sent.' : `${counts.join(', ')}.`,
    ...notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}${note.endsWith('.') ? '' : '.'}`),
  ].join(' ');
}

/** What the step was for, where counts of failures do not tell it. */
function hintOf(step: StepKind, record: ExperimentRecord | undefined, symptoms: Symptoms): string {
  const spec = record?.planned.spec;
  if (step === 'idle' && spec?.kind === 'idle') {
    const own = symptoms.pauses.slice(-spec.gapsUs.length * spec.repeats);
    const words = [...new Set(own.map(({ gapUs }) => gapUs))].map((gapUs) => {
      const same = own.filter((pause) => pause.gapUs === gapUs);
      const cold = same.filter(({ isCold }) => isCold).length;
      return `${formatDuration(gapUs)}: ${cold} of ${same.length} cold`;
    });
    return ` After ${words.join(', ')}.`;
  }
  if (step !== 'volley') return '';
  const waves = symptoms.waves.map(({ route, words }) => `${routeWords(route)} answered ${words}`);
  return waves.length === 0 ? '' : ` Requests waited for each other: ${waves.join('; ')}.`;
}

function verdictOf({ findings }: Judgement): string {
  const firm = findings.filter(isFirm).map(({ title }) => title);
  return firm.length === 0 ? '' : ` Verdict: ${firm.join(' ')}`;
}
