/** Starts what a case needs, from its members to what stands before its gateway, and writes the profile. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { MemberOptions } from '../../../src/lab/options.ts';
import { startRelay } from '../../helpers/relay.ts';
import { startChild } from './child.ts';
import { startFront } from './front.ts';
import { type GatewayMember, type StartedGateway, startBenchGateway } from './gateway-start.ts';
import type { QuirkMemberOptions } from './quirk-member.ts';
import type { GatewayName, MemberPlan, Stage } from './scenario.ts';

const HOST = '127.0.0.1';

export type StageOptions = {
  readonly name: string;
  readonly gateway: GatewayName;
  readonly seed: number;
  /** For logs of members and the ARR-like gateway. */
  readonly folder: string;
  /** Whether the profile names logs. */
  readonly logs: boolean;
};

export type StartedStage = {
  readonly profileYaml: string;
  readonly configText: string;
  ejections(): number | undefined;
  stop(): Promise<void>;
};

type StartedMember = {
  readonly name: string;
  readonly url: string;
  readonly forGateway: GatewayMember;
  readonly log?: string;
};
type Stops = (() => Promise<void>)[];

/** Rejects, with nothing left running, when a part does not start. */
export async function startStage(stage: Stage, options: StageOptions): Promise<StartedStage> {
  const stops: Stops = [];
  const stop = async (): Promise<void> => {
    // From the front to the members: what is stopped first would otherwise be missed by what runs before it.
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const members = await startMembers(stage.members, options, stops);
    const listed = stage.gateway.listed ?? members.map(({ name }) => name);
    const known = listed.flatMap((name) => members.filter((member) => member.name === name));
    const gateway = await startBenchGateway(
      options.gateway,
      stage.gateway,
      known.map(({ forGateway }) => forGateway),
      options.folder,
    );
    stops.push(() => gateway.stop());
    const front = stage.front === undefined ? undefined : await startFront(stage.front, gateway.url);
    if (front !== undefined) stops.push(() => front.stop());
    return {
      profileYaml: profileYaml(stage, options, front?.url ?? gateway.url, members, gateway),
      configText: gateway.configText,
      ejections: () => gateway.ejections(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All are waited for, also after one has failed: what starts late must be known to be ended. */
async function startMembers(
  plans: readonly MemberPlan[],
  options: StageOptions,
  stops: Stops,
): Promise<StartedMember[]> {
  const starts = await Promise.allSettled(plans.map((plan, index) => startMember(plan, index, options, stops)));
  return starts.map((start) => {
    if (start.status === 'rejected') throw start.reason;
    return start.value;
  });
}

async function startMember(
  plan: MemberPlan,
  index: number,
  { seed, folder }: StageOptions,
  stops: Stops,
): Promise<StartedMember> {
  const { name, is, relay } = plan;
  if (is.kind === 'nameless') {
    // Names below .invalid never resolve (RFC 6761).
    const host = `${name}.invalid`;
    return { name, url: `http://${host}:8080`, forGateway: { name, host, port: 8080 } };
  }
  if (is.kind === 'closed') return placed(name, await closedPort());
  const common = { name, seed: seed * 1_000 + index + 1 };
  const logFolder = join(folder, name);
  const child =
    is.kind === 'lab'
      ? await startChild(new URL('../../../src/lab/member-process.ts', import.meta.url), {
          ...is.behaviour,
          ...common,
          port: 0,
          memberHeader: true,
          logFolder,
        } satisfies MemberOptions)
      : await startChild(new URL('./quirk-member-process.ts', import.meta.url), {
          ...is.quirks,
          ...common,
        } satisfies QuirkMemberOptions);
  stops.push(() => child.stop());
  const member = placed(name, child.port);
  const logged = is.kind === 'lab' ? { ...member, log: join(logFolder, '*.log') } : member;
  if (relay === undefined) return logged;
  const between = await startRelay({ target: { host: HOST, port: child.port }, ...relay });
  stops.push(() => between.stop());
  return { ...logged, forGateway: { name, host: HOST, port: between.port } };
}

function placed(name: string, port: number): StartedMember {
  return { name, url: `http://${HOST}:${port}`, forGateway: { name, host: HOST, port } };
}

/** A port that was free a moment ago: systems hand out thousands in turn before they come back to it. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A certificate that nobody signed is the fault itself, unless the case is about something else. */
function isTakenAsItIs({ front }: Stage): boolean {
  return front?.kind === 'tls' && front.handshakeMs !== undefined;
}

/** The profile of a case, for the addresses of its members and of what stands in front. */
export function profileYaml(
  stage: Stage,
  { name, logs, gateway: kind }: Pick<StageOptions, 'name' | 'logs' | 'gateway'>,
  gatewayUrl: string,
  members: readonly Pick<StartedMember, 'name' | 'url' | 'log'>[],
  gateway: Pick<StartedGateway, 'logs'>,
): string {
  const logLines = [
    ...gateway.logs.map((files) => `  - { from: gateway, files: ${JSON.stringify(files)} }`),
    ...members.flatMap(({ name: from, log }) =>
      log === undefined ? [] : [`  - { from: ${from}, files: ${JSON.stringify(log)} }`],
    ),
  ];
  return [
    `name: ${name}`,
    `gateway: { url: "${gatewayUrl}"${stage.isKindDeclared === true ? `, kind: ${kind}` : ''}${isTakenAsItIs(stage) ? ', tls: { verify: false }' : ''} }`,
    'members:',
    ...members.map((member) => `  - { name: ${member.name}, url: "${member.url}" }`),
    'memberId: { header: X-Member }',
    'requests:',
    ...stage.requests.map((line) => `  - ${line}`),
    'experiments:',
    ...stage.experiments.map((line) => `  - ${line}`),
    'limits:',
    '  maxRate: 600/s',
    '  maxRequests: 20000',
    '  maxInFlight: 600',
    '  maxNewConnections: 300/s',
    `  requestTimeout: ${stage.requestTimeout ?? '8s'}`,
    '  connectTimeout: 3s',
    ...(logs && logLines.length > 0 ? ['logs:', ...logLines] : []),
    '',
  ].join('\n');
}
