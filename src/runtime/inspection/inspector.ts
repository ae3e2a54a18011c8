import { variable } from './environment.ts'
import type { Line } from './line.ts'

/** Takes what happens in refreshers, line by line. */
export interface LineInspector {
  /**
   * Told off the way of every refresh, in order, a few lines at a time. What it throws is its own,
   * and if it is slow, lines are dropped and counted.
   */
  lines(batch: readonly Line[]): void
  /** Whether it may look where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/** What XState calls an inspector: a function, or an observer. It is handed clean stand-ins. */
export type XStateInspector =
  ((event: never) => void) | { readonly next: (event: never) => void | undefined }

/** An inspector of `@statelyai/inspect`, or another one with a word about production. */
export interface WrappedInspector {
  readonly inspect: Inspector | { readonly next?: ((event: never) => void) | undefined }
  /** Whether it may look where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/** Who looks into a refresher. */
export type Inspector = LineInspector | XStateInspector | WrappedInspector

/** The inspector inside whatever wraps it. */
export type Found = Pick<LineInspector, 'lines'> | { next(event: object): void }

/** Finds the inspector. `undefined`: there is none in it. */
export function inspectorIn(inspect: unknown): Found | undefined {
  if (typeof inspect === 'function') return { next: inspect as (event: object) => void }
  if (typeof inspect !== 'object' || inspect === null) return undefined
  if ('inspect' in inspect) return inspectorIn(inspect.inspect)
  const has = (name: string): boolean =>
    typeof (inspect as Record<string, unknown>)[name] === 'function'
  return has('lines') || has('next') ? (inspect as Found) : undefined
}

/** @throws {TypeError} For what is no inspector, or one that may not look in production. */
export function checkInspector(inspect: unknown): void {
  if (inspect === undefined) return
  if (inspectorIn(inspect) === undefined) {
    throw new TypeError(
      'inspect is an inspector: pageInspector() of refresh-once/inspect, ' +
        'or createWebSocketInspector() of @statelyai/inspect',
    )
  }
  if (variable('NODE_ENV') === 'production' && !isAllowed(inspect)) {
    throw new TypeError(
      'inspect is for development. In production leave it out, or write ' +
        'inspect: { inspect: inspector, allowInProduction: true }',
    )
  }
}

function isAllowed(inspect: unknown): boolean {
  if (typeof inspect !== 'object' || inspect === null) return false
  if ('allowInProduction' in inspect && inspect.allowInProduction === true) return true
  return 'inspect' in inspect && isAllowed(inspect.inspect)
}
