/** The profile that `gateprobe init` writes: valid, cautious, and with a line beside each key that says what it is for. */

export type TemplateInput = {
  readonly name: string;
  readonly gatewayUrl: string;
  readonly members: readonly { readonly name: string; readonly url: string; readonly host?: string }[];
  /** Path or URL of the JSON Schema, for completion in editors; left out: no such line. */
  readonly schema?: string;
  /** What is asked; left out: the home page, and an example of a request whose delay the probe controls. */
  readonly requests?: readonly TemplateRequest[];
  /** Lines about the requests, each a comment. */
  readonly requestNotes?: readonly string[];
};

export type TemplateRequest = {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly weight: number;
};

/** YAML text. It is as valid as its input: an address that is no URL is told when the profile is loaded. */
export function profileTemplate(input: TemplateInput): string {
  const schema = input.schema === undefined ? '' : `# yaml-language-server: $schema=${input.schema}\n`;
  return `${schema}# A profile of gateprobe. Check what a run would send before it sends anything: gateprobe check <this file>
name: ${yamlText(input.name)}

gateway:
  url: ${yamlText(input.gatewayUrl)}
  # kind: arr                # arr, iis, nginx, haproxy, apache, envoy, … Left out: told from its answers.
  # host: shop.example.com   # Host header, where it differs from the url

# The servers behind it, past the gateway. Give them the Host header that the gateway sends them.
members:
${input.members.map(memberLine).join('\n')}

# What is asked. Only requests that change nothing: others need safe: true.
requests:
  # A good answer is below 500 unless expect says more: expect: { status: 200, body: { includes: Welcome } }
${requestLines(input)}
  # An endpoint whose delay the probe can ask for lets a timeout be measured:
  # - { name: report, path: "/report?ms={delayMs}", safe: true }

experiments:
  # The same request on every route at the same moment: what the gateway adds, and which member differs.
  - compare: { rate: 5/s, for: 60s }
  # The first request after a quiet time: cold starts and connections that were dropped.
  - idle: { gaps: [30s] }
  # Load, once you know that the farm may have it. Raise the limits below with it.
  # - ramp: { from: 2/s, to: 20/s, for: 1m }
  # - burst: { rate: 20/s, for: 5s }
  # - volley: { sizes: [2, 4, 8] }
  # - timeout: { request: report, upTo: 150s }

# The only caps: nothing above them is ever sent.
limits:
  maxRate: 20/s              # on one route
  maxRequests: 5000          # all routes together
  maxInFlight: 50

# What a run must hold; a line that fails makes exit code 1.
thresholds:
  - gateway errors < 1%
  # - gateway p99 < 800ms
  # - overhead p50 < 15ms

failOn: warning              # info, warning, error, critical, never

# Secrets never stand in this file: auth: { bearer: "\${env:SHOP_TOKEN}" }
`;
}

function memberLine(member: TemplateInput['members'][number]): string {
  const host = member.host === undefined ? '' : `, host: ${yamlText(member.host)}`;
  return `  - { name: ${yamlText(member.name)}, url: ${yamlText(member.url)}${host} }`;
}

function requestLines({ requests, requestNotes = [] }: TemplateInput): string {
  const notes = requestNotes.map((note) => `  # ${note}`);
  const lines = requests?.map(({ name, method, path, headers, weight }) => {
    const parts = [`name: ${yamlText(name)}`, `path: ${yamlText(path)}`];
    if (method !== 'GET') parts.push(`method: ${method}`);
    if (weight !== 1) parts.push(`weight: ${weight}`);
    const fields = Object.entries(headers).map(([key, value]) => `${yamlText(key)}: ${yamlText(value)}`);
    if (fields.length > 0) parts.push(`headers: { ${fields.join(', ')} }`);
    return `  - { ${parts.join(', ')} }`;
  });
  return [...notes, ...(lines ?? ['  - { name: home, path: / }'])].join('\n');
}

/** Plain where YAML, also inside { }, reads exactly this text back; in double quotes otherwise (JSON is YAML). */
function yamlText(text: string): string {
  const isPlain = /^[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*$/.test(text);
  return isPlain && !/^(?:true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);
}
