/** `/probe?target=&module=` in the words of blackbox_exporter, answered from what was measured last. */
import { Gauge, Registry } from 'prom-client';
import { cohortOf, type Exchange, type PhaseName, responseTimeUs } from '../model/exchange.ts';
import type { Round } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { MonitorFeed } from './feed.ts';

/** `problem`: the address names nothing that is watched; says what there is. */
export type ProbeAnswer = { readonly text: string } | { readonly problem: string };

export type ProbeAnswers = {
  note(round: Round): void;
  answer(target: string | undefined, module: string | undefined): Promise<ProbeAnswer>;
};

/** blackbox_exporter's phases; sending is part of its `processing`. */
const PHASES: readonly (readonly [phase: string, parts: readonly PhaseName[]])[] = [
  ['resolve', ['dns']],
  ['connect', ['connect']],
  ['tls', ['tls']],
  ['processing', ['send', 'wait']],
  ['transfer', ['receive']],
];

type Newest = { readonly exchange: Exchange; readonly endedAtUs: number };

export function createProbeAnswers(feed: MonitorFeed): ProbeAnswers {
  /** By profile, route and request. */
  const newest = new Map<string, Newest>();
  return {
    note({ profile, startedAtUs, exchanges }) {
      for (const exchange of exchanges) {
        const cohort = cohortOf(exchange);
        // What was never sent tells nothing about the target.
        if (cohort === 'not-sent' || cohort === 'aborted') continue;
        const key = keyOf(profile, exchange.route, exchange.requestName);
        const endedAtUs = startedAtUs + exchange.endUs;
        if ((newest.get(key)?.endedAtUs ?? 0) <= endedAtUs) newest.set(key, { exchange, endedAtUs });
      }
    },
    async answer(target, module) {
      const state = feed.state();
      const [profileName = '', member] = (target ?? '').split('/', 2);
      const profile = state.profiles.find((one) => one.profile === profileName);
      const names = state.profiles.map((one) => one.profile).join(', ');
      if (profile === undefined)
        return { problem: `target is a profile, or a profile and a member (farm/web1); profiles: ${names || 'none'}` };
      const route: RouteId = member === undefined || member === 'gateway' ? 'gateway' : `direct:${member}`;
      if (!profile.routes.some((one) => one.route === route))
        return { problem: `${profileName} has no member of that name` };
      const found = [...newest]
        .filter(([key]) => module === undefined || key === keyOf(profileName, route, module))
        .filter(([key]) => key.startsWith(keyOf(profileName, route, '')))
        .map(([, one]) => one)
        .sort((a, b) => b.endedAtUs - a.endedAtUs);
      if (found[0] === undefined && module !== undefined && newest.size > 0)
        return { problem: `no request called ${module} was sent to this target yet` };
      return { text: await render(found[0], state.nowAtUs) };
    },
  };
}

function keyOf(profile: string, route: RouteId, request: string): string {
  return `${profile}\n${route}\n${request}`;
}

async function render(newest: Newest | undefined, nowAtUs: number): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers: [registry] }).set(value);
  const isGood = newest !== undefined && cohortOf(newest.exchange) === 'ok';
  gauge('probe_success', 'Displays whether or not the probe was a success', isGood ? 1 : 0);
  if (newest === undefined) return registry.metrics();
  const { exchange, endedAtUs } = newest;
  gauge(
    'probe_duration_seconds',
    'Returns how long the probe took to complete in seconds',
    responseTimeUs(exchange) / 1e6,
  );
  const status = exchange.outcome.kind === 'response' ? exchange.outcome.status : 0;
  gauge('probe_http_status_code', 'Response HTTP status code', status);
  gauge(
    'gateprobe_probe_age_seconds',
    'How long ago this was measured: a probe is answered from the newest round, nothing is sent for it.',
    Math.max(0, (nowAtUs - endedAtUs) / 1e6),
  );
  const isNew = exchange.connection?.isNew;
  if (isNew !== undefined)
    gauge('gateprobe_probe_connection_reused', '1 if the request went over a kept connection', isNew ? 0 : 1);
  const phases = new Gauge({
    name: 'probe_http_duration_seconds',
    help: 'Duration of http request by phase, summed over all redirects',
    labelNames: ['phase'],
    registers: [registry],
  });
  for (const [phase, parts] of PHASES) {
    const us = parts.reduce((sum, part) => sum + (exchange.phasesUs?.[part] ?? 0), 0);
    phases.set({ phase }, us / 1e6);
  }
  if (exchange.certificate !== undefined)
    gauge(
      'probe_ssl_earliest_cert_expiry',
      'Returns last SSL chain expiry in unixtime',
      Date.parse(exchange.certificate.validToAt) / 1_000,
    );
  return registry.metrics();
}
