import type { RefreshEvent } from '../runtime/events.ts'

/** Upper bounds of the buckets of durations, seconds. */
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30]

type Labels = Readonly<Record<string, string>>

/** What a broker counts. No label holds a token, or the id of a grant. */
export interface Metrics {
  /** Counts what a refresher tells. */
  observe(event: RefreshEvent): void
  /** One request was answered. */
  answered(route: string, status: number, durationMs: number): void
  /** Grants by the state that they were last seen in. */
  setGrants(states: ReadonlyMap<string, number>): void
  /** All of it in the text format of Prometheus. */
  text(): string
}

const HELP = {
  requests_total: ['counter', 'Requests by route and status.'],
  refreshes_total: ['counter', 'Refreshes that ended, by provider, state and error code.'],
  presentations_total: ['counter', 'Refresh tokens that were presented, by outcome.'],
  callers_coalesced_total: ['counter', 'Callers that shared the refresh of another caller.'],
  newer_sets_served_total: ['counter', 'Newer sets that were handed out; nothing was presented.'],
  reuse_detected_total: ['counter', 'Chains that were ended because a spent token came back.'],
  expires_soon_total: ['counter', 'Renewals of grants that end soon, whatever is done.'],
  grants: ['gauge', 'Grants by the state that they were last seen in.'],
  request_duration_seconds: ['histogram', 'Duration of requests by route.'],
} as const

type Name = keyof typeof HELP

/** Counts in memory, from zero at each start. */
export function createMetrics(): Metrics {
  const values = new Map<Name, Map<string, number>>()

  const add = (name: Name, labels: Labels, by = 1): void => {
    const rows = values.get(name) ?? new Map<string, number>()
    values.set(name, rows)
    const row = written(labels)
    rows.set(row, (rows.get(row) ?? 0) + by)
  }

  const durations = new Map<string, { buckets: number[]; sum: number; count: number }>()

  return {
    observe(event) {
      const { provider } = event
      switch (event.type) {
        case 'ended':
          add('refreshes_total', { provider, state: event.state, code: event.code ?? '' })
          if (event.callers > 1) add('callers_coalesced_total', { provider }, event.callers - 1)
          break
        case 'presented':
          add('presentations_total', { provider, outcome: event.outcome })
          break
        case 'served':
          add('newer_sets_served_total', { provider })
          break
        case 'reuse_detected':
        case 'expires_soon':
          add(`${event.type}_total`, { provider })
          break
        default:
      }
    },
    answered(route, status, durationMs) {
      add('requests_total', { route, status: `${status}` })
      const seconds = durationMs / 1000
      const row = durations.get(route) ?? { buckets: BOUNDS.map(() => 0), sum: 0, count: 0 }
      durations.set(route, row)
      for (const [index, bound] of BOUNDS.entries()) if (seconds <= bound) row.buckets[index]! += 1
      row.sum += seconds
      row.count += 1
    },
    setGrants(states) {
      const rows = [...states].map(([state, count]) => [written({ state }), count] as const)
      values.set('grants', new Map(rows))
    },
    text() {
      const lines: string[] = []
      for (const name of Object.keys(HELP) as Name[]) {
        const [type, help] = HELP[name]
        const full = `refresh_once_broker_${name}`
        lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`)
        for (const [labels, value] of values.get(name) ?? [])
          lines.push(`${full}${labels} ${value}`)
        if (name !== 'request_duration_seconds') continue
        for (const [route, { buckets, sum, count }] of durations) {
          const bucket = (le: string, value: number): string =>
            `${full}_bucket${written({ route, le })} ${value}`
          lines.push(
            ...BOUNDS.map((bound, index) => bucket(`${bound}`, buckets[index]!)),
            bucket('+Inf', count),
            `${full}_sum${written({ route })} ${sum}`,
            `${full}_count${written({ route })} ${count}`,
          )
        }
      }
      return `${lines.join('\n')}\n`
    },
  }
}

function written(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    return `${name}="${escaped}"`
  })
  return `{${pairs.join(',')}}`
}
