import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { differences } from '../../src/cli/probe/rotation.ts'
import { serverOf } from '../../src/testing/authorization-server/provider-server.ts'
import { presets, shippedProvider } from '../../src/testing/presets.ts'
import { call, ownFolder, scene } from './probe/stage.ts'

const known = (await shippedProvider('oidc-provider'))!.facts

/** Measures a described server as oidc-provider, whatever it is. */
async function probed(
  server: Parameters<typeof scene>[0],
  provider = '--provider oidc-provider',
): Promise<string> {
  const { server: started, clock, api } = await scene(server)
  const tokens = [1, 2].map(() => started.signIn().refreshToken)
  const base = started.tokenEndpoint.replace(/\/[^/]*$/, '')
  const { out, error } = await call(
    `${provider} --issuer ${base} --client app --tokens-env TOKENS`
      .concat(` --api ${api} --yes`)
      .split(' '),
    { clock, env: { TOKENS: tokens.join('\n') } },
  )
  return `${out}${error}`
}

async function told(...args: readonly string[]): Promise<string> {
  const given = ['--client', 'app', '--tokens-env', 'TOKENS', '--yes']
  return (await call([...args, ...given], { env: { TOKENS: 'rt-1' } })).error
}

describe('probe --provider', () => {
  it('says that a server is as its facts say', async () => {
    expect(await probed(serverOf(known))).toContain('It is as its facts say.')
  })

  it('says where it is not', async () => {
    const out = await probed({
      ...presets['oidc-provider'],
      reuseWindow: 'forever',
      oldAccessToken: 'dies',
    })

    expect(out).toContain('reuseWindow: measured forever, in the facts none')
    expect(out).toContain('oldAccessToken: measured dies, in the facts lives')
  })

  it('takes the same facts as JSON', async () => {
    const file = join(ownFolder(), 'acme.json')
    writeFileSync(file, JSON.stringify({ ...known, id: 'acme' }))

    expect(await probed(serverOf(known), file)).toContain('It is as its facts say.')
    expect(await told(file, '--write', 'a.ts')).toContain('--write takes a file that ends in .json')
    writeFileSync(file, JSON.stringify({ ...known, id: 'acme', rotation: 'often' }))
    expect(await told(file)).toContain('rotation is "often", and must be: always')
  })

  it.each([
    [['--provider', 'nobody'], '--provider is one of '],
    [['--provider', 'shopify'], '--with is missing: write --with shop=acme'],
    [['--provider', 'shopify', '--with', 'shop=evil.example/'], "'shop' must match"],
    [['--provider', 'shopify', '--with', 'store=acme'], "--provider shopify takes no 'store'"],
    [['--provider', 'shopify', '--with', 'shop'], '--with is a list: shop=acme'],
    [['--provider', 'logto'], '--issuer is missing'],
    [['--provider', 'spotify', '--token-endpoint', 'https://a.example'], 'which server?'],
    [['--provider', 'spotify', '--write', 'a.ts'], '--write takes a file that ends in .json'],
  ])('refuses %j', async (args, says) => {
    const given = ['--client', 'app', '--tokens-env', 'TOKENS', '--yes']

    const { exitCode, error } = await call([...args, ...given], { env: { TOKENS: 'rt-1' } })

    expect(error).toContain(says)
    expect(exitCode).toBe(2)
  })
})

describe('differences', () => {
  const server = { name: 'acme' }
  const windowMaxMs = 65_000

  it('takes a window that is longer than the wait for met', async () => {
    const { facts } = (await shippedProvider('xero'))!
    const found = [{ axis: 'reuseWindow', value: 'forever', says: '' }] as const

    expect(differences(facts, { found, server, windowMaxMs })).toEqual([])
    expect(differences(facts, { found, server, windowMaxMs: 3_600_000 })).toEqual([
      'reuseWindow: measured forever, in the facts {"ms":1800000}',
    ])
  })

  it('takes any rotation for met where a setting decides', async () => {
    const { facts } = (await shippedProvider('okta'))!
    const found = [{ axis: 'rotation', value: 'never', says: '' }] as const

    expect(differences(facts, { found, server, windowMaxMs })).toEqual([])
  })

  it('tells what the facts do not know, and another error', async () => {
    const { facts } = (await shippedProvider('github-app'))!
    const found = [{ axis: 'reuseWindow', value: 'none', says: '' }] as const
    const dead = { status: 400, error: 'invalid_grant' }

    expect(
      differences(facts, { found, server: { ...server, wire: { dead } }, windowMaxMs }),
    ).toEqual([
      'reuseWindow is not in the facts: none',
      'error dead: measured 400 invalid_grant, in the facts 200 bad_refresh_token',
    ])
  })
})
