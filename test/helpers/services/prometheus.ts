/** Prometheus, Alertmanager and blackbox_exporter, each on a free port of 127.0.0.1 with a folder of its own. */
import { type RunningGateway, startGateway } from '../gateways/gateway-process.ts';

export type PrometheusOptions = {
  /** host:port of what is scraped every second under /metrics, as job `gateprobe`. */
  readonly target: string;
  /** Text of the rule file; looked at every second. */
  readonly rules: string;
  /** host:port. */
  readonly alertmanager: string;
};

export function startPrometheus({ target, rules, alertmanager }: PrometheusOptions): Promise<RunningGateway> {
  return startGateway({
    program: 'prometheus',
    versionArgs: ['--version'],
    configure: ({ folder, port }) => ({
      files: {
        'rules.yml': rules,
        'prometheus.yml': `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["${alertmanager}"] }] }] }
scrape_configs: [{ job_name: gateprobe, static_configs: [{ targets: ["${target}"] }] }]
`,
      },
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    }),
  });
}

/** Takes every alert at once and tells nobody, or each by itself to this address: at once, when it ends, and every hour. */
export function startAlertmanager(webhook?: string): Promise<RunningGateway> {
  const receiver = webhook === undefined ? '' : `, webhook_configs: [{ url: "${webhook}", send_resolved: true }]`;
  const route = 'receiver: all, group_by: ["..."], group_wait: 0s, group_interval: 1s, repeat_interval: 1h';
  return startGateway({
    program: 'prometheus-alertmanager',
    versionArgs: ['--version'],
    configure: ({ folder, port }) => ({
      files: { 'alertmanager.yml': `route: { ${route} }\nreceivers: [{ name: all${receiver} }]\n` },
      args: [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        // Its own cluster would listen beyond loopback.
        '--cluster.listen-address=',
      ],
    }),
  });
}

/** One module, `http`: GET over IPv4, any certificate. */
export function startBlackboxExporter(): Promise<RunningGateway> {
  return startGateway({
    program: 'prometheus-blackbox-exporter',
    versionArgs: ['--version'],
    configure: ({ folder, port }) => ({
      files: {
        'blackbox.yml':
          'modules: { http: { prober: http, timeout: 5s, http: { preferred_ip_protocol: ip4, tls_config: { insecure_skip_verify: true } } } }\n',
      },
      args: [`--config.file=${folder}/blackbox.yml`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    }),
  });
}
