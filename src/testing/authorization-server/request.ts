import { decodeCookie } from '../../../providers/credentials/set-cookie.ts'
import type { Wire } from './description.ts'

/** A request as it arrives. */
export interface Arriving {
  /** Only its query counts: an origin is not needed. */
  readonly url: string
  /** By lower-case name. */
  readonly headers: (name: string) => string | undefined
  readonly body: string
}

/** What a server of this wire reads of a request. */
export interface Read {
  /** `undefined`: it holds none where the server looks for it. */
  readonly refreshToken: string | undefined
  /** Whether it asks for an audience: there is none that the server knows. */
  readonly asksForUnknown: boolean
}

/** Reads a refresh request: the token at its one place, the audience wherever it stands. */
export function readRequest(request: Arriving, { carry, audience }: Wire): Read {
  const form = new URLSearchParams(request.body)
  const query = new URL(request.url, 'http://localhost').searchParams
  const json = jsonOf(request.body)
  const asked = audience.some((name) => form.has(name) || query.has(name) || name in json)
  return {
    refreshToken: tokenIn(carry, { form, query, json, headers: request.headers }) || undefined,
    asksForUnknown: asked,
  }
}

/** The token that a revocation request is about (RFC 7009 §2.1), always a form. */
export function readRevocation({ body }: Arriving): string | undefined {
  return new URLSearchParams(body).get('token') ?? undefined
}

interface Places {
  readonly form: URLSearchParams
  readonly query: URLSearchParams
  readonly json: Readonly<Record<string, unknown>>
  readonly headers: Arriving['headers']
}

function tokenIn(carry: Wire['carry'], { form, query, json, headers }: Places): string {
  if ('form' in carry) return form.get(carry.form) ?? ''
  if ('query' in carry) return query.get(carry.query) ?? ''
  if ('cookie' in carry) return cookieOf(headers('cookie') ?? '', carry.cookie)
  if ('bearer' in carry) return /^bearer (.+)$/i.exec(headers('authorization') ?? '')?.[1] ?? ''
  const member = json[carry.json]
  return typeof member === 'string' ? member : ''
}

function cookieOf(header: string, name: string): string {
  const pair = header.split(/; */).find((each) => each.startsWith(`${name}=`))
  return pair === undefined ? '' : decodeCookie(pair.slice(name.length + 1))
}

function jsonOf(body: string): Readonly<Record<string, unknown>> {
  if (!body.startsWith('{')) return {}
  try {
    return JSON.parse(body) as Record<string, unknown>
  } catch {
    return {}
  }
}
