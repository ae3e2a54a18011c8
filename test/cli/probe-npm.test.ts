import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/cli/probe/probe.ts'
import { nodeOAuth2Server, workersOAuthProvider, type NpmServer } from './probe/npm-servers.ts'
import { call, valuesOf } from './probe/stage.ts'

/** Probes a real server with two grants. */
async function probed(server: NpmServer, ...args: readonly string[]): Promise<Report> {
  const { origin, client, api, signIn } = server
  const tokens = [await signIn(), await signIn()]
  const place = args.length > 0 ? args : ['--token-endpoint', `${origin}/token`]
  const { out, error } = await call(
    [...place, '--client', client, '--api', api, '--tokens-env', 'TOKENS', '--yes', '--json'],
    { env: { TOKENS: tokens.join('\n') } },
  )
  if (out === '') throw new Error(error)
  return JSON.parse(out) as Report
}

describe('probe, of workers-oauth-provider', () => {
  it('measures that the one before the newest works, and what its facts say', async () => {
    const server = await workersOAuthProvider()

    const given = ['--provider', 'workers-oauth-provider', '--issuer', server.origin]
    const report = await probed(server, ...given)

    expect(report.halted).toBeUndefined()
    expect(valuesOf(report)).toEqual({
      rotation: 'always',
      successor: 'sent',
      oldAccessToken: 'lives',
      accessTokenMs: 3_600_000,
      reuseWindow: 'until_successor_used',
      reuseAnswer: 'fork',
      reuseEffect: 'error',
    })
    expect(report.differs).toEqual([])
  })
})

describe('probe, of @node-oauth/oauth2-server', () => {
  it('measures that a spent token is refused, and ends nothing else', async () => {
    const report = await probed(await nodeOAuth2Server())

    expect(report.halted).toBeUndefined()
    expect(valuesOf(report)).toEqual({
      rotation: 'always',
      successor: 'sent',
      oldAccessToken: 'dies',
      accessTokenMs: 3_600_000,
      reuseWindow: 'none',
      reuseEffect: 'error',
      validates: 'after_consuming',
    })
    expect(report.server.wire).toMatchObject({ dead: { status: 400, error: 'invalid_grant' } })
  })
})
