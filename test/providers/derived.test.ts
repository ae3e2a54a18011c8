import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { credentials } from '../../providers/credentials.ts'
import { logto } from '../../providers/logto.ts'
import { oidc } from '../../providers/oidc.ts'
import { spotify } from '../../providers/spotify.ts'
import type { Provider } from '../../src/core/provider.ts'
import { presets } from '../../src/testing/presets.ts'
import { COOKIE_GET, JSON_POST } from './described.ts'

/** The descriptions as they were written by hand, with what was added to them since. */
const before = JSON.parse(
  readFileSync(new URL('before-facts.json', import.meta.url), 'utf8'),
) as Record<'providers' | 'servers', Record<string, object>>

const providers: Readonly<Record<string, Provider>> = {
  oidc: oidc({ issuer: 'https://id.example.com' }),
  logto: logto({ endpoint: 'https://acme.logto.app' }),
  spotify: spotify(),
  'credentials, JSON by POST': credentials(JSON_POST),
  'credentials, a cookie by GET': credentials(COOKIE_GET),
}

describe('what is derived from facts is what was written by hand', () => {
  it.each(Object.keys(before.providers))('provider %s', (name) => {
    expect(plain(providers[name])).toEqual(before.providers[name])
  })

  it.each(['logto', 'spotify'] as const)('server %s', (name) => {
    expect(plain(presets[name])).toEqual(before.servers[name])
  })
})

function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'function' ? 'a function' : member,
  )
  return JSON.parse(text)
}
