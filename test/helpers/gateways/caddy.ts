import { type GatewayOptions, type RunningGateway, startGateway } from './gateway-process.ts';

/** Caddy in front of the members. `extra` goes into `reverse_proxy`. */
export function startCaddy(options: GatewayOptions): Promise<RunningGateway> {
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

function configuration(options: GatewayOptions, folder: string, port: number): string {
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
			read_timeout ${options.readTimeoutMs ?? 30_000}ms
		}
		${options.extra ?? ''}
	}
}
`;
}
