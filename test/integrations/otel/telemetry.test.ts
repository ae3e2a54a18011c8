import { readFileSync } from 'node:fs'
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { DataPoint } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { telemetry } from '../../../src/integrations/otel.ts'
import { world } from '../../runtime/world.ts'
import type { World } from '../../runtime/world.ts'

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** An OpenTelemetry SDK of a test's own. */
function sdk() {
  const reader = new Reader()
  const meters = new MeterProvider({ readers: [reader] })
  const exporter = new InMemorySpanExporter()
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  onTestFinished(async () => {
    await Promise.all([meters.shutdown(), tracers.shutdown()])
  })
  return {
    meters,
    tracers,
    meter: meters.getMeter('refresh-once'),
    tracer: tracers.getTracer('refresh-once'),
    spans: () => exporter.getFinishedSpans(),
    /** What a Prometheus would scrape. */
    scrape: async () =>
      new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics),
    async names(): Promise<string[]> {
      const { resourceMetrics } = await reader.collect()
      const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
      return metrics.map(({ descriptor }) => descriptor.name)
    },
    /** The sum of a metric over all attributes, or those of one value. */
    async total(name: string, value?: string): Promise<number> {
      const { resourceMetrics } = await reader.collect()
      return resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }): readonly DataPoint<number | { count: number }>[] => dataPoints)
        .filter(({ attributes }) => {
          return value === undefined || Object.values(attributes).map(String).includes(value)
        })
        .map((point) => (typeof point.value === 'number' ? point.value : point.value.count))
        .reduce((sum, each) => sum + each, 0)
    },
  }
}

/** A storm, a late holder, a lost answer, a sign-out and a replay, as one refresher tells them. */
async function trouble({ server, process, signIn, expire, clock }: World, onEvent: never) {
  const here = process({ onEvent, refusedFloorMs: 0 })
  const old = await signIn()
  expire()
  const storm = await Promise.all(Array.from({ length: 20 }, () => here.refresh(old)))
  const { tokens } = storm[0]!
  await process({ onEvent }).refresh(old)
  expire()
  const newest = (await here.refresh(tokens)).tokens
  await here.refresh(newest, { refused: true })
  clock.advance(3_600_001)
  await process({ onEvent }).refresh(old)
  const lost = await signIn()
  expire()
  const broken = process({
    onEvent,
    fetch: (url, init) =>
      init.method === 'POST' ? Promise.reject(new TypeError('reset')) : fetch(url, init),
  })
  await broken.refresh(lost)
  await here.revoke(await signIn())
  return server.counts()
}

describe('telemetry', () => {
  it('counts what the authorization server counts', async () => {
    const play = await world()
    const { total, meter, tracer } = sdk()

    const { presentations } = await trouble(play, telemetry({ meter, tracer }) as never)

    expect(presentations).toBe(3)
    expect(await total('refresh_once.presentation.duration', 'granted')).toBe(presentations)
    expect(await total('refresh_once.presentation.duration', 'unknown')).toBe(1)
    expect(await total('refresh_once.refresh.duration', 'rotated')).toBe(4)
    expect(await total('refresh_once.refresh.duration', 'revoked')).toBe(1)
    expect(await total('refresh_once.refresh.duration', 'unknown')).toBe(1)
    expect(await total('refresh_once.callers.coalesced')).toBe(19)
    expect(await total('refresh_once.successors.served')).toBe(1)
    expect(await total('refresh_once.reuses.avoided')).toBe(20)
    expect(await total('refresh_once.reuse_detected')).toBe(1)
    expect(await total('refresh_once.revocations', 'true')).toBe(2)
  })

  it('counts from 0, which a first replay or ledger loss is an increase over', async () => {
    const { scrape, meter, tracer } = sdk()
    const observe = telemetry({ meter, tracer })
    const about = { token: undefined, grant: undefined, atMs: 0, provider: 'oidc' }
    const counters = async (): Promise<[series: string, value: string][]> =>
      [...(await scrape()).matchAll(/^(\w+_total\{.*\}) (\d+)$/gm)].map(([, series, value]) => [
        series!,
        value!,
      ])

    observe({ type: 'claimed', generation: 0, ...about })
    const before = await counters()
    observe({ type: 'reuse_detected', ...about })
    observe({ type: 'served', generation: 1, ...about })
    for (const type of ['handed_over', 'ledger_lost'] as const) observe({ type, ...about })
    for (const revoked of [true, false]) observe({ type: 'tokens_revoked', revoked, ...about })
    const said = { code: undefined, reason: undefined, hint: undefined }
    const ended = { type: 'ended', state: 'rotated', ...said } as const
    observe({ ...ended, callers: 2, durationMs: 1, ...about })
    const after = await counters()

    expect(new Set(before.map(([, value]) => value))).toEqual(new Set(['0']))
    expect(before.map(([series]) => series)).toEqual(after.map(([series]) => series))
    expect(after.map(([, value]) => value)).not.toContain('0')
    expect(after).toHaveLength(8)
  })

  it('makes a span of each refresh and presentation, as long as it took', async () => {
    const play = await world()
    const { spans, meter, tracer } = sdk()

    await trouble(play, telemetry({ meter, tracer }) as never)

    const refreshes = spans().filter(({ name }) => name === 'refresh_once.refresh')
    const presentations = spans().filter(({ name }) => name === 'refresh_once.presentation')
    expect(refreshes).toHaveLength(6)
    expect(presentations).toHaveLength(4)
    expect(refreshes[0]).toMatchObject({
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'refresh_once.provider': 'oidc',
        'refresh_once.state': 'rotated',
        'refresh_once.callers': 20,
      },
    })
    expect(presentations.at(-1)).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'refresh_once.outcome': 'unknown', 'error.type': 'unknown' },
    })
  })

  it('names tokens by their fingerprints in spans only, and only when asked to', async () => {
    const play = await world()
    const plain = sdk()
    const named = sdk()
    const [silent, telling] = [
      telemetry({ meter: plain.meter, tracer: plain.tracer }),
      telemetry({ meter: named.meter, tracer: named.tracer, fingerprints: true }),
    ]
    const fingerprints = new Set<string>()

    await trouble(play, ((event: Parameters<typeof silent>[0]) => {
      if (event.token !== undefined) fingerprints.add(event.token)
      silent(event)
      telling(event)
    }) as never)

    const textOf = ({ spans }: typeof plain): string =>
      JSON.stringify(spans().map(({ name, attributes }) => ({ name, attributes })))
    const measured = (await plain.scrape()) + (await named.scrape())
    for (const secret of play.secrets) {
      expect(measured + textOf(plain) + textOf(named)).not.toContain(secret)
    }
    expect(fingerprints.size).toBeGreaterThan(2)
    for (const fingerprint of fingerprints) {
      expect(measured + textOf(plain)).not.toContain(fingerprint)
    }
    expect([...fingerprints].some((each) => textOf(named).includes(each))).toBe(true)
  })

  it('takes the providers that are registered when it is called', async () => {
    const play = await world()
    const { meters, tracers, spans, total } = sdk()
    metrics.setGlobalMeterProvider(meters)
    trace.setGlobalTracerProvider(tracers)
    onTestFinished(() => {
      metrics.disable()
      trace.disable()
    })
    const tokens = await play.signIn()
    play.expire()

    await play.process({ onEvent: telemetry() }).refresh(tokens)

    expect(await total('refresh_once.refresh.duration', 'rotated')).toBe(1)
    expect(spans()).toHaveLength(2)
  })
})

const docs = new URL('../../../docs/observability/', import.meta.url)
const dashboard = readFileSync(new URL('dashboard.json', docs), 'utf8')
const alerts = readFileSync(new URL('alerts.yml', docs), 'utf8')

/** A query, and where it stands. */
type Query = readonly [where: string, query: string]

function queries(): Query[] {
  const { panels } = JSON.parse(dashboard) as {
    panels: { title: string; targets: { expr: string }[] }[]
  }
  const { groups } = parse(alerts) as { groups: { rules: { alert: string; expr: string }[] }[] }
  return [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }): Query => [title, expr])),
    ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }): Query => [alert, expr])),
  ]
}

/** The names in a query, as Prometheus' own grammar reads it. */
function namesIn(query: string): { metrics: string[]; labels: string[]; errors: number } {
  const text = query.replaceAll('$__rate_interval', '5m')
  const found = { metrics: [] as string[], labels: [] as string[], errors: 0 }
  parser.parse(text).iterate({
    enter({ name, from, to, type }) {
      if (type.isError) found.errors += 1
      if (name === 'Identifier') found.metrics.push(text.slice(from, to))
      if (name === 'LabelName') found.labels.push(text.slice(from, to))
    },
  })
  const patterns = [...text.matchAll(/__name__=~"([^"]+)"/g)].map(([, pattern]) => pattern!)
  return { ...found, metrics: [...found.metrics, ...patterns] }
}

describe('the dashboard and the alerts', () => {
  it('ask for what is measured, by the names that Prometheus gives it', async () => {
    const play = await world()
    const { scrape, meter, tracer } = sdk()
    const observe = telemetry({ meter, tracer })
    await trouble(play, observe as never)
    observe({ type: 'handed_over', token: undefined, atMs: 0, provider: 'oidc' })
    const scraped = await scrape()
    const metricNames = new Set([...scraped.matchAll(/^(\w+)\{/gm)].map(([, name]) => name!))
    const labels = [...scraped.matchAll(/[{,](\w+)="/g)].map(([, name]) => name!)
    const labelNames = new Set(['__name__', 'le', ...labels])

    for (const [where, query] of queries()) {
      const { metrics, labels: asked, errors } = namesIn(query)
      expect({ where, errors }).toEqual({ where, errors: 0 })
      expect(metrics, where).not.toEqual([])
      for (const name of metrics) {
        const isMeasured = [...metricNames].some((each) => new RegExp(`^${name}$`).test(each))
        expect({ where, name, isMeasured }).toEqual({ where, name, isMeasured: true })
      }
      expect(labelNames, where).toEqual(new Set([...labelNames, ...asked]))
    }
  })

  it('stand on a page that names every metric', async () => {
    const play = await world()
    const { names, meter, tracer } = sdk()
    const observe = telemetry({ meter, tracer })
    await trouble(play, observe as never)
    observe({ type: 'handed_over', token: undefined, atMs: 0, provider: 'oidc' })

    const page = readFileSync(new URL('../observability.md', docs), 'utf8')
    const told = [...page.matchAll(/^\| `(refresh_once\.[a-z_.]+)`/gm)].map(([, name]) => name)

    expect(new Set(told)).toEqual(new Set(await names()))
  })

  it('would be caught asking for something else', () => {
    expect(namesIn('sum by (who) (rate(nothing_total[$__rate_interval]))')).toEqual({
      metrics: ['nothing_total'],
      labels: ['who'],
      errors: 0,
    })
    expect(namesIn('sum(rate(').errors).toBeGreaterThan(0)
  })
})
