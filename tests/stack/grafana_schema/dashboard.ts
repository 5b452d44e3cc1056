import type { AnnotationQuery, Dashboard, DataQuery, Panel, RowPanel } from '@grafana/schema';

// What Grafana's Prometheus source reads beside the schema, which leaves the queries of sources open.
type PrometheusQuery = DataQuery & {
  expr: string;
  interval?: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
};
type Annotation = AnnotationQuery<PrometheusQuery> & { titleFormat?: string };
// In JSON an enumeration is one of its values.
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends Array<infer U>
      ? Array<Json<U>>
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;
type OurPanel = Omit<Json<Panel>, 'targets'> & { targets?: PrometheusQuery[] };
export type Plain<T> = Json<T>;
export type OurDashboard = Omit<Json<Partial<Dashboard>>, 'annotations' | 'panels'> & {
  annotations: { list: Json<Annotation>[] };
  panels: Array<OurPanel | Json<RowPanel>>;
};
