/** The shipped dashboard as a test reads it: panels, and queries as Grafana would send them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '..', '..', '..', 'docs', 'integrations', 'grafana', 'gateprobe.json');

export type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
};
export type Variable = { readonly name: string; readonly type: string; readonly definition?: string };
export type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
};

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Every query with its panel; variables take everything, the window is `window`. */
export function dashboardQueries(window: string): readonly { readonly panel: string; readonly expr: string }[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      panel: title,
      expr: expr.replaceAll(/\$(job|profile)\b/g, '.+').replaceAll('$window', window),
    })),
  );
}
