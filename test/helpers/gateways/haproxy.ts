import { type GatewayOptions, OUTPUT_FILE, type RunningGateway, startGateway } from './gateway-process.ts';

export type HaproxyOptions = GatewayOptions & {
  /** Parameters of each `server`, for example `maxconn 1`. */
  readonly serverParameters?: string;
};

/** HAProxy in front of the members. `extra` goes into the backend. */
export function startHaproxy(options: HaproxyOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'haproxy',
    versionArgs: ['-v'],
    configure: ({ folder, port }) => ({
      files: { 'haproxy.cfg': configuration(options, port) },
      args: ['-db', '-f', `${folder}/haproxy.cfg`],
      accessLog: OUTPUT_FILE,
    }),
  });
}

function configuration(options: HaproxyOptions, port: number): string {
  const parameters = options.serverParameters ?? '';
  const servers = options.members.map((member, i) => `  server member${i + 1} ${member} ${parameters}`.trimEnd());
  return `global
  log stdout format rfc5424 local0
  maxconn 1000
defaults
  mode http
  log global
  option httplog
  timeout client 60s
  timeout connect ${options.connectTimeoutMs ?? 5_000}ms
  timeout server ${options.readTimeoutMs ?? 30_000}ms
frontend gateway
  bind 127.0.0.1:${port}
  default_backend members
backend members
  balance roundrobin
${servers.join('\n')}
${options.extra ?? ''}
`;
}
