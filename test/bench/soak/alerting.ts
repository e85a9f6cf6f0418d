/** A real Prometheus with the shipped rules on the lab's clock before the monitor, and a real Alertmanager that hands on what it gets. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startAlertmanager, startPrometheus } from '../../helpers/services/prometheus.ts';
import type { FiredAlert, ReceivedAlert } from './alert-outcome.ts';
import type { Scale } from './scaled-clock.ts';
import { scaledRules } from './scaled-rules.ts';

const RULES = new URL('../../../docs/integrations/prometheus/gateprobe.rules.yml', import.meta.url);
/** Prometheus scrapes, evaluates and is asked at this pace; what is further apart is another time of firing. */
const STEP_MS = 1_000;

export type Alerts = {
  /** Every time at which a rule fired until now, and what Alertmanager handed on. */
  readonly fired: readonly FiredAlert[];
  readonly received: readonly ReceivedAlert[];
  /** How long the looks at history took, in seconds of the lab: on a busy machine most of a fault's delay. */
  readonly looksSec: readonly number[];
};

export type Alerting = {
  read(): Promise<Alerts>;
  stop(): Promise<void>;
};

/** `target`: host:port of the monitor, in all its lives. */
export async function startAlerting(target: string, scale: Scale): Promise<Alerting> {
  const received: ReceivedAlert[] = [];
  const receiver = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    const { alerts } = JSON.parse(text) as { alerts: { status: string; labels: Record<string, string> }[] };
    for (const { status, labels } of alerts) received.push({ atMs: Date.now(), status, labels });
    response.end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const alertmanager = await startAlertmanager(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`);
  const rules = scaledRules(readFileSync(fileURLToPath(RULES), 'utf8'), scale);
  const prometheus = await startPrometheus({ target, rules, alertmanager: new URL(alertmanager.url).host });
  return {
    read: async () => ({
      fired: await firedIn(prometheus.url, scale.anchorMs),
      received,
      looksSec: await looksIn(prometheus.url, scale.anchorMs),
    }),
    async stop() {
      await prometheus.stop();
      await alertmanager.stop();
      receiver.close();
    },
  };
}

type Series = { readonly metric: Readonly<Record<string, string>>; readonly values: readonly [number, string][] };

async function seriesOf(url: string, what: string, fromMs: number): Promise<readonly Series[]> {
  const query = new URLSearchParams({
    query: what,
    start: String(fromMs / 1_000),
    end: String(Date.now() / 1_000),
    step: String(STEP_MS / 1_000),
  });
  const response = await fetch(`${url}/api/v1/query_range?${query}`);
  if (!response.ok) throw new Error(`Prometheus answered ${response.status}: ${await response.text()}`);
  const { data } = (await response.json()) as { data: { result: Series[] } };
  return data.result;
}

/** The gauge tells the last look until the next one has ended. */
async function looksIn(url: string, fromMs: number): Promise<readonly number[]> {
  const all = await seriesOf(url, 'gateprobe_judging_seconds', fromMs);
  return all.flatMap(({ values }) =>
    values.filter(([, value], i) => value !== values[i - 1]?.[1]).map(([, value]) => Number(value)),
  );
}

async function firedIn(url: string, fromMs: number): Promise<readonly FiredAlert[]> {
  const all = await seriesOf(url, 'ALERTS{alertstate="firing"}', fromMs);
  return all.flatMap(({ metric, values }) => {
    const spells: FiredAlert[] = [];
    for (const [sec] of values) {
      const atMs = sec * 1_000;
      const last = spells.at(-1);
      if (last !== undefined && atMs - last.toMs < 2 * STEP_MS) spells[spells.length - 1] = { ...last, toMs: atMs };
      else spells.push({ labels: metric, fromMs: atMs, toMs: atMs });
    }
    return spells;
  });
}
