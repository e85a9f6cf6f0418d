import { type GatewayOptions, type RunningGateway, startGateway } from './gateway-process.ts';

export type CaddyOptions = GatewayOptions & {
  /**
   * Between two reads; default as `readTimeoutMs`. Where it fires before the header's timer, on a connection that was used before,
   * Go takes the member for one that has closed it and asks another, so that answers come late instead of failing.
   */
  readonly betweenReadsMs?: number;
};

/** Caddy in front of the members. `extra` goes into `reverse_proxy`. */
export function startCaddy(options: CaddyOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'caddy',
    versionArgs: ['version'],
    configure: ({ folder, port }) => ({
      files: { Caddyfile: configuration(options, folder, port) },
      args: ['run', '--config', `${folder}/Caddyfile`, '--adapter', 'caddyfile'],
      accessLog: 'access.log',
      errorLog: 'error.log',
    }),
  });
}

function configuration(options: CaddyOptions, folder: string, port: number): string {
  return `{
	admin off
	auto_https off
	grace_period 1s
	default_bind 127.0.0.1
	log default {
		output file ${folder}/error.log
		format json
	}
}
http://127.0.0.1:${port} {
	log {
		output file ${folder}/access.log
		format json
	}
	reverse_proxy ${options.members.join(' ')} {
		lb_policy round_robin
		transport http {
			dial_timeout ${options.connectTimeoutMs ?? 5_000}ms
			response_header_timeout ${options.readTimeoutMs ?? 30_000}ms
			read_timeout ${options.betweenReadsMs ?? options.readTimeoutMs ?? 30_000}ms
		}
		${options.extra ?? ''}
	}
}
`;
}
