/** Starts the gateway of a case: a real program, or the lab's ARR-like one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLAIN_GATEWAY } from '../../../src/lab/scenario-demo.ts';
import { startApache } from '../../helpers/gateways/apache.ts';
import { startCaddy } from '../../helpers/gateways/caddy.ts';
import type { RunningGateway } from '../../helpers/gateways/gateway-process.ts';
import { startHaproxy } from '../../helpers/gateways/haproxy.ts';
import { startNginx } from '../../helpers/gateways/nginx.ts';
import { startVarnish } from '../../helpers/gateways/varnish.ts';
import { startChild } from './child.ts';
import type { GatewayName, GatewayPlan } from './scenario.ts';

export type StartedGateway = {
  readonly url: string;
  readonly configText: string;
  /** Paths or patterns of its logs. */
  readonly logs: readonly string[];
  /** Members taken out of service so far, as far as its logs tell; undefined where they do not. */
  ejections(): number | undefined;
  stop(): Promise<void>;
};

export type GatewayMember = { readonly name: string; readonly host: string; readonly port: number };

/** The program that must be on the machine; undefined for the lab's own gateway. */
export const PROGRAMS: Readonly<Record<GatewayName, string | undefined>> = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  apache: 'apache2',
  caddy: 'caddy',
  varnish: 'varnishd',
  arr: undefined,
};

/** What each writes when it takes a member out. Caddy, Varnish and the ARR-like gateway write nothing. */
const EJECTION: Partial<Readonly<Record<GatewayName, RegExp>>> = {
  nginx: /upstream server temporarily disabled/g,
  haproxy: /Server \S+ is DOWN/g,
  apache: /AH00940|AH01140/g,
};

export async function startBenchGateway(
  name: GatewayName,
  plan: GatewayPlan,
  members: readonly GatewayMember[],
  folder: string,
): Promise<StartedGateway> {
  if (name === 'arr') return startArr(plan, members, folder);
  const real = await startReal(name, plan, members);
  const logs = [real.accessLog, real.errorLog].filter((path) => path !== undefined);
  const pattern = EJECTION[name];
  return {
    url: real.url,
    configText: real.configText,
    logs: [...new Set(logs)],
    ejections: () => (pattern === undefined ? undefined : countIn(logs, pattern)),
    stop: () => real.stop(),
  };
}

function startReal(
  name: Exclude<GatewayName, 'arr'>,
  plan: GatewayPlan,
  listed: readonly GatewayMember[],
): Promise<RunningGateway> {
  const common = {
    members: listed.map(({ host, port }) => `${host}:${port}`),
    ...(plan.readTimeoutMs === undefined ? {} : { readTimeoutMs: plan.readTimeoutMs }),
    ...(plan.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: plan.connectTimeoutMs }),
  };
  switch (name) {
    case 'nginx':
      return startNginx({ ...common, memberKeepAlive: plan.keepAlive === true, ...plan.nginx });
    case 'haproxy': {
      const reuse = plan.keepAlive === true ? { extra: '  http-reuse always' } : {};
      return startHaproxy({ ...common, ...reuse, ...plan.haproxy });
    }
    case 'apache':
      return startApache({ ...common, ...plan.apache });
    case 'caddy':
      return startCaddy({ ...common, ...plan.caddy });
    case 'varnish':
      return startVarnish({ ...common, ...plan.varnish });
  }
}

async function startArr(plan: GatewayPlan, members: readonly GatewayMember[], folder: string): Promise<StartedGateway> {
  const logFolder = join(folder, 'gateway');
  const timers = {
    ...PLAIN_GATEWAY.timers,
    ...(plan.readTimeoutMs === undefined ? {} : { responseMs: plan.readTimeoutMs }),
    ...(plan.connectTimeoutMs === undefined ? {} : { connectMs: plan.connectTimeoutMs }),
  };
  const options = { ...PLAIN_GATEWAY, timers, port: 0, seed: 1, members, logFolder, ...plan.arr };
  const entry = new URL('../../../src/lab/gateway-process.ts', import.meta.url);
  const { port, stop } = await startChild(entry, options);
  return {
    url: `http://127.0.0.1:${port}`,
    configText: JSON.stringify(options, undefined, 2),
    logs: [join(logFolder, '*.log')],
    ejections: () => undefined,
    stop,
  };
}

function countIn(paths: readonly string[], pattern: RegExp): number {
  const matches = paths.map((path) => readFileSync(path, 'utf8').match(pattern)?.length ?? 0);
  return matches.reduce((sum, count) => sum + count, 0);
}
