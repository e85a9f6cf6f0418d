import { type GatewayOptions, type RunningGateway, startGateway } from './gateway-process.ts';

/** Varnish in front of the members; it passes everything and caches nothing. `extra` is VCL at the top level. */
export function startVarnish(options: GatewayOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'varnishd',
    versionArgs: ['-V'],
    configure: ({ folder, port }) => ({
      files: { 'gateway.vcl': configuration(options) },
      // No jail: it wants a user and folders of its own. No control port: nothing here uses it.
      args: [
        ...['-F', '-j', 'none', '-T', 'none', '-s', 'malloc,16m', '-p', 'thread_pool_min=5'],
        ...['-a', `127.0.0.1:${port}`, '-n', `${folder}/work`, '-f', `${folder}/gateway.vcl`],
      ],
    }),
  });
}

function configuration(options: GatewayOptions): string {
  const readTimeout = `${options.readTimeoutMs ?? 30_000}ms`;
  const backends = options.members.map((member, i) => {
    const [host, port] = member.split(':');
    return `backend member${i} {
  .host = "${host}"; .port = "${port}"; .connect_timeout = ${options.connectTimeoutMs ?? 5_000}ms;
  .first_byte_timeout = ${readTimeout}; .between_bytes_timeout = ${readTimeout};
}`;
  });
  return `vcl 4.1;
import directors;
${backends.join('\n')}
sub vcl_init {
  new members = directors.round_robin();
${options.members.map((_, i) => `  members.add_backend(member${i});`).join('\n')}
}
sub vcl_recv {
  set req.backend_hint = members.backend();
  return (pass);
}
${options.extra ?? ''}
`;
}
