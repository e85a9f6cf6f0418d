/** nginx with one worker, as the common server of all generators: small body, 10 kB, TLS, a new connection for every request. */
import { join } from 'node:path';
import { isRoot, type RunningGateway, startGateway } from '../../helpers/gateways/gateway-process.ts';
import { closedPorts } from './free-ports.ts';

export const SCENARIOS = ['hello', '10k', 'tls', 'newconn'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export type BenchServer = {
  readonly urls: Readonly<Record<Scenario, string>>;
  readonly version: string;
  readonly pid: number;
  readonly caFile: string;
  /** Requests answered so far, this one included. */
  requests(): Promise<number>;
  stop(): Promise<void>;
};

const TLS_FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'traffic', 'tls');
const BODY = 'hello world\\n';

export async function startBenchServer(): Promise<BenchServer> {
  const [tlsPort, newPort] = await closedPorts(2);
  const gateway: RunningGateway = await startGateway({
    program: 'nginx',
    versionArgs: ['-v'],
    configure: ({ folder, port }) => ({
      files: {
        'nginx.conf': configuration(folder, port, tlsPort as number, newPort as number),
        '10k.txt': 'x'.repeat(10_240),
      },
      args: ['-c', `${folder}/nginx.conf`, '-p', folder, '-e', `${folder}/error.log`, '-g', 'daemon off;'],
    }),
  });
  return {
    urls: {
      hello: `${gateway.url}/hello`,
      '10k': `${gateway.url}/10k.txt`,
      tls: `https://127.0.0.1:${tlsPort}/hello`,
      newconn: `http://127.0.0.1:${newPort}/hello`,
    },
    version: gateway.version,
    pid: gateway.pid,
    caFile: join(TLS_FOLDER, 'server.pem'),
    requests: async () => {
      const text = await (await fetch(`${gateway.url}/count`)).text();
      return Number(/\n\s*\d+ \d+ (\d+)/.exec(text)?.[1]);
    },
    stop: () => gateway.stop(),
  };
}

function configuration(folder: string, port: number, tlsPort: number, newPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const hello = `location = /hello { default_type text/plain; return 200 "${BODY}"; }`;
  return `${isRoot ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
${temporary.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  root ${folder};
  open_file_cache max=10;
  server {
    listen 127.0.0.1:${port};
    ${hello}
    location = /count { stub_status; }
  }
  server {
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${join(TLS_FOLDER, 'server.pem')};
    ssl_certificate_key ${join(TLS_FOLDER, 'server-key.pem')};
    ${hello}
  }
  server {
    listen 127.0.0.1:${newPort} backlog=4096;
    keepalive_timeout 0;
    ${hello}
  }
}
`;
}
