/** Under what conditions a run was made: where they differ, a change may come from them. */
import type { Difference } from '../model/comparison.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';
import type { Recording } from '../model/recording.ts';

/** By what it is called to the reader; values are texts that are only compared and shown. */
export type RunConditions = ReadonlyMap<string, { readonly text: string; readonly compared: string }>;

/** Rounding and pacing take less; a probe or a farm that misses its rate by more met another load. */
const FULL_RATE_RATIO = 0.95;

export function runConditions({ manifest, gateway, quality, experiments, exchanges }: Recording): RunConditions {
  const { profile, host, tool } = manifest;
  const list = (values: readonly string[]): string => (values.length === 0 ? 'none' : values.join(', '));
  const servers = serversOf({ exchanges });
  const conditions: readonly (readonly [what: string, text: string, compared?: string])[] = [
    ['gateway address', profile.gateway.url],
    ['members', list(profile.members.map(({ name, url }) => `${name} ${url}`))],
    ['requests', list(profile.requests.map(({ name }) => name)), JSON.stringify(profile.requests)],
    [
      'experiments',
      list(experiments.map(({ planned }) => planned.describe[0] ?? planned.id)),
      JSON.stringify(experiments.map(({ planned }) => planned.spec)),
    ],
    ['kind of gateway', gateway.kind],
    ['Server header through the gateway', list(servers)],
    ['machine of the probe', `${host.platform}, ${formatNumber(host.cpus)} CPUs, Node ${host.node}`],
    ['version of gateprobe', tool.version],
    [
      'achieved share of the rate',
      formatRatio(quality.achievedRateRatio),
      quality.achievedRateRatio < FULL_RATE_RATIO ? 'missed' : 'kept',
    ],
    ['complete', manifest.interrupted ? 'interrupted' : 'yes'],
  ];
  return new Map(conditions.map(([what, text, compared = text]) => [what, { text, compared }]));
}

/** The Server headers that came through the gateway; they often name its version. */
export function serversOf({ exchanges }: Pick<Recording, 'exchanges'>): readonly string[] {
  const seen = exchanges.flatMap(({ route, answer }) => (route === 'gateway' ? (answer?.headers['server'] ?? []) : []));
  return [...new Set(seen)].sort();
}

export function runDifferences(base: RunConditions, head: RunConditions): readonly Difference[] {
  return [...head].flatMap(([what, now]): Difference[] => {
    const before = base.get(what);
    if (before === undefined || before.compared === now.compared) return [];
    const isSameText = before.text === now.text;
    return [{ what, base: before.text, head: isSameText ? `${now.text}, with other settings` : now.text }];
  });
}
