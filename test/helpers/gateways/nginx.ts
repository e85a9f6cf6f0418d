import { type GatewayOptions, isRoot, type RunningGateway, startGateway } from './gateway-process.ts';

export type NginxOptions = GatewayOptions & {
  /** Value of `proxy_next_upstream`; nginx's own default is `error timeout`. */
  readonly nextUpstream?: string;
  /** Keeps connections to members open, as most production configurations do; nginx 1.22 by itself does not. */
  readonly memberKeepAlive?: boolean;
  /** How long such a connection is kept; nginx's own default is 60 s. */
  readonly upstreamKeepAliveMs?: number;
  /** Parameters of each `server` of the upstream, for example `max_fails=0`. */
  readonly serverParameters?: string;
  /** A whole `log_format` directive named `probe`, for the access log instead of `combined`. */
  readonly logFormat?: string;
  /** More lines of the `http` section. */
  readonly http?: string;
};

/** nginx in front of the members. `extra` goes into the location. */
export function startNginx(options: NginxOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'nginx',
    versionArgs: ['-v'],
    configure: ({ folder, port }) => ({
      files: { 'nginx.conf': configuration(options, folder, port) },
      args: ['-c', `${folder}/nginx.conf`, '-p', folder, '-e', `${folder}/error.log`, '-g', 'daemon off;'],
      accessLog: 'access.log',
      errorLog: 'error.log',
    }),
  });
}

function configuration(options: NginxOptions, folder: string, port: number): string {
  const servers = options.members.map((member) => `    server ${member} ${options.serverParameters ?? ''};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${isRoot ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 1024; }
http {
  ${options.logFormat ?? ''}
  ${options.http ?? ''}
  access_log ${folder}/access.log ${options.logFormat === undefined ? 'combined' : 'probe'};
${temporary.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  upstream members {
${servers.join('\n')}
${options.memberKeepAlive === true ? '    keepalive 64;' : ''}
${options.upstreamKeepAliveMs === undefined ? '' : `    keepalive_timeout ${options.upstreamKeepAliveMs}ms;`}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://members;
      proxy_set_header Host $http_host;
      proxy_connect_timeout ${options.connectTimeoutMs ?? 5_000}ms;
      proxy_read_timeout ${options.readTimeoutMs ?? 30_000}ms;
${options.nextUpstream === undefined ? '' : `      proxy_next_upstream ${options.nextUpstream};`}
${options.memberKeepAlive === true ? '      proxy_http_version 1.1;\n      proxy_set_header Connection "";' : ''}
${options.extra ?? ''}
    }
  }
}
`;
}
