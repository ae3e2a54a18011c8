import type { IncomingMessage } from 'node:http'
import { isRecord } from '../core/text.ts'
import { ownProblem } from './problem.ts'

/** The largest body that is read, bytes. A token set is much smaller. */
const BODY_MAX = 64 * 1024

/** Sorts in logs and fits into a path; no `/`, no space, no `%`. */
const ID = /^(?!\.{1,2}$)[\w.:@+-]{1,128}$/

/** What a request asks for. */
export type Asked =
  | { readonly route: 'health' }
  | { readonly route: 'metrics' }
  | { readonly route: 'list' }
  | { readonly route: 'token' | 'refused' | 'deposit' | 'revoke'; readonly id: string }

/** The methods of each path, with the route that each leads to. */
const ROUTES = {
  '/healthz': { GET: 'health' },
  '/metrics': { GET: 'metrics' },
  '/v1/grants': { GET: 'list' },
  '/v1/grants/{id}': { PUT: 'deposit', DELETE: 'revoke' },
  '/v1/grants/{id}/token': { GET: 'token' },
  '/v1/grants/{id}/refused': { POST: 'refused' },
} as const

/** All paths and methods, for the description of the interface. */
export function routes(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(ROUTES).map(([path, methods]) => [path, Object.keys(methods)]),
  )
}

/**
 * Finds the route of a request.
 *
 * @throws {BrokerProblem}
 */
export function askedBy(method: string, path: string): Asked {
  const segments = path.split('/')
  const isOfGrant = segments[1] === 'v1' && segments[2] === 'grants' && segments.length > 3
  const shape = isOfGrant ? ['', 'v1', 'grants', '{id}', ...segments.slice(4)].join('/') : path
  const methods = Object.hasOwn(ROUTES, shape) ? ROUTES[shape as keyof typeof ROUTES] : undefined
  if (methods === undefined) throw ownProblem('not_found')
  const route = (methods as Readonly<Record<string, Asked['route']>>)[method]
  if (route === undefined || !Object.hasOwn(methods, method)) {
    const allow = Object.keys(methods).join(', ')
    throw ownProblem('method_not_allowed', undefined, { allow })
  }
  if (route === 'health' || route === 'metrics' || route === 'list') return { route }
  return { route, id: idIn(segments[3]!) }
}

function idIn(segment: string): string {
  let id: string
  try {
    id = decodeURIComponent(segment)
  } catch {
    throw ownProblem('bad_id')
  }
  if (!ID.test(id)) throw ownProblem('bad_id')
  return id
}

/**
 * Reads a JSON object.
 *
 * @throws {BrokerProblem} A body that is too large is not read to its end.
 */
export async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Left as it is when it is too long: a stream that is destroyed takes the answer with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > BODY_MAX) {
      throw ownProblem('too_large', undefined, { connection: 'close' })
    }
    chunks.push(chunk)
  }
  const value = parsed(Buffer.concat(chunks).toString('utf8'))
  if (!isRecord(value)) throw ownProblem('bad_request', 'The body is no JSON object.')
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error of JSON.parse quotes the text, which holds tokens.
    return undefined
  }
}

/** What a caller wants of a token. */
export interface Wanted {
  readonly minValidMs?: number
  readonly resource?: string
  readonly organization?: string
}

const WANTED = ['min_valid', 'resource', 'organization']

/** @throws {BrokerProblem} A misspelt name would have no effect, and nothing would say so. */
export function wantedIn(query: URLSearchParams): Wanted {
  const unknown = [...query.keys()].find((name) => !WANTED.includes(name))
  if (unknown !== undefined) {
    throw ownProblem('bad_request', `The query takes ${WANTED.join(', ')}.`)
  }
  const [seconds, resource, organization] = WANTED.map((name) => query.get(name) ?? undefined)
  if (seconds !== undefined && !/^\d{1,7}$/.test(seconds)) {
    throw ownProblem('bad_request', 'min_valid is a whole number of seconds.')
  }
  if (resource === '' || organization === '') {
    throw ownProblem('bad_request', 'resource and organization are not empty.')
  }
  return {
    ...(seconds !== undefined && { minValidMs: Number(seconds) * 1000 }),
    ...(resource !== undefined && { resource }),
    ...(organization !== undefined && { organization }),
  }
}
