import { type GatewayOptions, isRoot, type RunningGateway, startGateway } from './gateway-process.ts';

const MODULE_FOLDER = '/usr/lib/apache2/modules';
const MODULES = [
  'mpm_event',
  'authz_core',
  'headers',
  'slotmem_shm',
  'proxy',
  'proxy_http',
  'proxy_balancer',
  'lbmethod_byrequests',
];

export type ApacheOptions = GatewayOptions & {
  /** Parameters of each `BalancerMember`, for example `max=1 acquire=500`. */
  readonly memberParameters?: string;
  /** A whole `LogFormat` directive named `probe`, for the access log instead of `combined`. */
  readonly logFormat?: string;
};

/** Apache httpd in front of the members. `extra` goes into the server's main section. */
export function startApache(options: ApacheOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'apache2',
    versionArgs: ['-v'],
    configure: ({ folder, port }) => ({
      files: { 'httpd.conf': configuration(options, folder, port) },
      args: ['-DFOREGROUND', '-d', folder, '-f', `${folder}/httpd.conf`],
      accessLog: 'access.log',
      errorLog: 'error.log',
    }),
  });
}

function configuration(options: ApacheOptions, folder: string, port: number): string {
  // retry=0: a member that failed once is asked again at once, as the other gateways here do.
  // Apache takes this one in whole seconds only ("300ms" would be read as 300 s).
  const parameters = [
    `connectiontimeout=${options.connectTimeoutMs ?? 5_000}ms`,
    `timeout=${Math.ceil((options.readTimeoutMs ?? 30_000) / 1_000)}`,
    options.memberParameters ?? 'retry=0',
  ].join(' ');
  const members = options.members.map((member) => `  BalancerMember http://${member} ${parameters}`);
  return `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/httpd.pid
DefaultRuntimeDir ${folder}
Mutex file:${folder} default
${MODULES.map((name) => `LoadModule ${name}_module ${MODULE_FOLDER}/mod_${name}.so`).join('\n')}
${isRoot ? 'User www-data\nGroup www-data' : ''}
StartServers 1
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
ErrorLog ${folder}/error.log
LogLevel info
LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
${options.logFormat ?? ''}
CustomLog ${folder}/access.log ${options.logFormat === undefined ? 'combined' : 'probe'}
ProxyPreserveHost On
<Proxy balancer://members>
${members.join('\n')}
</Proxy>
ProxyPass / balancer://members/
${options.extra ?? ''}
`;
}
